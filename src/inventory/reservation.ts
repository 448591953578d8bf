/** A reservation: units of an item at a location that an order holds. */

export const reservationStates = ['held', 'committed', 'shipped', 'released', 'expired'] as const
export type ReservationState = (typeof reservationStates)[number]

/** What happens to the reservations of an order. */
export type ReservationStep = 'commit' | 'ship' | 'release' | 'expire'

const moves: Readonly<Record<ReservationStep, { from: readonly ReservationState[]; to: ReservationState }>> = {
  /** The order is confirmed. */
  commit: { from: ['held'], to: 'committed' },
  /** The goods have left. */
  ship: { from: ['held', 'committed'], to: 'shipped' },
  /** The order is cancelled or expires. */
  release: { from: ['held', 'committed'], to: 'released' },
  /** The order was not paid in time. It may still be paid, and then tries to get the stock again. */
  expire: { from: ['held'], to: 'expired' },
}

/** The states that a step leads from. */
export function statesBefore(step: ReservationStep): readonly ReservationState[] {
  return moves[step].from
}

/** @returns the state after a step; undefined where the step does nothing */
export function stateAfter(state: ReservationState, step: ReservationStep): ReservationState | undefined {
  const { from, to } = moves[step]
  return from.includes(state) ? to : undefined
}

/** Whether units in a state count as reserved. */
export function isReserved(state: ReservationState): boolean {
  return state === 'held' || state === 'committed'
}

export type Reservation = Readonly<{
  orderUid: string
  chrtId: number
  location: string
  /** Units, above 0. */
  quantity: number
  /** Of which have left. */
  shipped: number
  state: ReservationState
}>

/** Who reserves and releases stock, in movements and in the history of orders. */
export const inventoryActor = 'inventory'

/**
 * Why the units of a cart are released, in movements: its lines have changed or it is over, it was left alone for too long, or it was
 * checked out with other lines than it had reserved for.
 */
export const cartReleases = { changed: 'cart changed', expired: 'cart expired', replaced: 'cart replaced' } as const

/** Why reserved units are moved to another location, in movements: their shipment leaves from there. */
export const reallocation = 'reallocated'

/** How the uids of orders that are made of carts begin. Under these a cart may have reserved before the order is placed. */
export const cartOrderPrefix = 'ord_'

/** Why an order is put on hold whose items are not in stock. */
export const shortfallReason = 'shortfall'
