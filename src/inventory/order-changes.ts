import type { SavedChange } from '../orders/save-changes.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { lockItems } from './item-locks.ts'
import { type Reservation, type ReservationStep, stateAfter, statesBefore } from './reservation.ts'
import { commitHeld, findReservations, haveUncommitted, moveReservations } from './reservation-queries.ts'
import { type OrderTakes, releaseStock, shipStock } from './reserve.ts'
import { readStock } from './stock-queries.ts'
import { beginWaits, changeWaits, loadWaits } from './wait-queries.ts'

type Rules = Readonly<{ lowStockDefault: number }>

/**
 * Follows commands, the expiry and payments: an order that is confirmed keeps its stock, one that is cancelled or expires gives it back,
 * and what is left of a completed order has been shipped. An order that is confirmed after its reservation has expired waits for stock
 * again: the worker tries at once.
 */
export function followOrders(rules: Rules): StatusChangePart {
  return {
    async onStatusChanged(client, changes, nowMs) {
      const of = (matches: (change: SavedChange) => boolean) =>
        changes.filter(matches).map(({ order }) => order.orderUid)
      const confirmed = of(({ order, from }) => order.state.status === 'confirmed' && from === 'pending')
      const completed = of(({ order }) => order.state.status === 'completed')
      const over = of(({ order }) => order.state.status === 'cancelled' || order.state.status === 'expired')
      const freed = of(({ order, from }) => order.state.status === 'confirmed' && from === 'on_hold')
      if (confirmed.length > 0) await commit(client, confirmed, nowMs)
      if (over.length > 0) {
        const reason = changes.find(({ order }) => over.includes(order.orderUid))?.order.state.status ?? ''
        await giveBack(client, over, 'release', { ...rules, nowMs, reason })
        await endWaits(client, over, nowMs)
      }
      if (completed.length > 0) {
        await giveBack(client, completed, 'ship', { ...rules, nowMs, reason: 'completed' })
        await endWaits(client, completed, nowMs)
      }
      if (freed.length > 0) await letGo(client, freed, nowMs)
    },
    concernsConfirmation: haveUncommitted,
  }
}

async function commit(client: PoolClient, orderUids: readonly string[], nowMs: number): Promise<void> {
  const expired = await commitHeld(client, orderUids, nowMs)
  if (expired.size === 0) return
  await beginWaits(
    client,
    [...expired].map(([orderUid, units]) => ({ orderUid, units })),
    nowMs,
  )
}

/**
 * Takes a step with all reservations of orders that gives up their stock, in the transaction that has locked them.
 *
 * @param options reason: why, for the movements
 * @returns the reservations that it was taken with
 */
export async function giveBack(
  client: PoolClient,
  orderUids: readonly string[],
  step: Exclude<ReservationStep, 'commit'>,
  options: Rules & Readonly<{ nowMs: number; reason: string }>,
): Promise<Reservation[]> {
  const from = statesBefore(step)
  const reservations = await findReservations(client, orderUids, from)
  const [first] = reservations
  if (first === undefined) return []
  const chrtIds = [...new Set(reservations.map(({ chrtId }) => chrtId))]
  await lockItems(client, chrtIds)
  const { nowMs, reason, lowStockDefault } = options
  const stocks = await readStock(client, chrtIds)
  const move = step === 'ship' ? shipStock : releaseStock
  await move(client, takesOf(reservations), reason, { stocks, nowMs, lowStockDefault })
  const to = stateAfter(first.state, step)
  if (to !== undefined) await moveReservations(client, orderUids, { from, to, nowMs })
  return reservations
}

function takesOf(reservations: readonly Reservation[]): OrderTakes[] {
  return [...Map.groupBy(reservations, ({ orderUid }) => orderUid)].map(([orderUid, takes]) => ({
    orderUid,
    takes: takes.map(({ chrtId, location, quantity, shipped }) => ({ chrtId, location, quantity: quantity - shipped })),
  }))
}

/** Orders that are over wait for nothing. */
async function endWaits(client: PoolClient, orderUids: readonly string[], nowMs: number): Promise<void> {
  const waits = await loadWaits(client, orderUids)
  await changeWaits(
    client,
    waits.map(wait => ({ ...wait, state: 'dropped', holdsOrder: false })),
    nowMs,
  )
}

/** Somebody has confirmed orders that wait for stock: they still get it, and are not confirmed by it. */
async function letGo(client: PoolClient, orderUids: readonly string[], nowMs: number): Promise<void> {
  const waits = await loadWaits(client, orderUids)
  await changeWaits(
    client,
    waits.map(wait => ({ ...wait, state: 'waiting', holdsOrder: false })),
    nowMs,
  )
}
