import { copyOfEvents } from '../events/append.ts'
import type { NewOrder, ValidOrder } from '../orders/new-order.ts'
import type { Copy } from '../platform/copy.ts'
import type { Allocation, Demand } from './allocation.ts'
import { shortfallEvent } from './reservation-events.ts'
import { copiesOfWaits, copyOfReservations, type Reserving } from './reservation-queries.ts'
import { reservingPlaced } from './reserve.ts'

/** What was decided on the orders of a group, and what is written of it. */

/** What was decided on an order that wants tracked items. */
export type Plan = Readonly<{
  /** What it gets beside what its cart has reserved; undefined: it wants nothing else. */
  share: Allocation | undefined
  /** What it wants, where there is too little. */
  demand: Demand | undefined
  /** What its group is reserved by behind the rows; undefined: what it gets is reserved already. */
  foreseen: Foreseen | undefined
  /** How many reservations of its cart it takes over. */
  inherits: number
}>

export const nothingPlanned = { share: undefined, demand: undefined, foreseen: undefined, inherits: 0 }

/** What a group is reserved by, if that is still there. `backordered`: see `backorderedElsewhere`. */
export type Foreseen = Readonly<{ backordered: readonly number[] }>

export type Plans = WeakMap<ValidOrder, Plan>

export const inheritedBy = (order: ValidOrder, plans: Plans) => plans.get(order)?.inherits ?? 0

/** Reserves what was foreseen: the locks of the items are held for that, and for the commit. */
export function reservingForeseen(placed: readonly NewOrder[], plans: Plans, lowStockDefault: number) {
  const orderUids: string[] = []
  let backordered: readonly number[] = []
  for (const { order } of placed) {
    const foreseen = plans.get(order)?.foreseen
    if (foreseen === undefined) continue
    orderUids.push(order.orderUid)
    backordered = foreseen.backordered
  }
  if (orderUids.length === 0) return []
  return [reservingPlaced(orderUids, { nowMs: placed[0]?.placedAt.getTime() ?? 0, lowStockDefault, backordered })]
}

/** The rows of reservations, those that are foreseen among them: they go with the transaction where the stock is not there any more. */
export function reservationsOf(placed: readonly NewOrder[], plans: Plans, heldMs: number): Copy[] {
  const reserving = placed.flatMap(({ order: { orderUid }, order, state, placedAt }): Reserving | [] => {
    const share = plans.get(order)?.share
    if (share?.kind !== 'taken') return []
    const reservedAtMs = placedAt.getTime()
    const expiresAtMs = state.status === 'pending' ? reservedAtMs + heldMs : undefined
    return { orderUid, takes: share.takes, expiresAtMs, reservedAtMs }
  })
  return reserving.length === 0 ? [] : [copyOfReservations(reserving)]
}

/** What orders wait for that were put on hold, and the events that tell of it. */
export function waitsOf(placed: readonly NewOrder[], plans: Plans): Copy[] {
  const held = placed.flatMap(({ order, placedAt }) => {
    const { share, demand } = plans.get(order) ?? {}
    if (share?.kind !== 'short' || demand === undefined) return []
    const { orderUid, traceparent } = order
    const event = shortfallEvent({ orderUid, sequence: 1, recordedAt: placedAt, traceparent }, share.missing)
    return [{ wait: { orderUid, units: demand.units, sinceMs: placedAt.getTime() }, event }]
  })
  if (held.length === 0) return []
  return [...copiesOfWaits(held.map(({ wait }) => wait)), copyOfEvents(held.map(({ event }) => event))]
}
