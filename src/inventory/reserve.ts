import { arrayOf } from '../platform/array-text.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import type { Shelf, Take } from './allocation.ts'
import { lockingOf } from './item-locks.ts'
import { changeOf, type Movement, type MovementKind } from './movement.ts'
import { inventoryActor } from './reservation.ts'
import { stockKey } from './stock.ts'
import { type ApplyOptions, applyMovements } from './stock-queries.ts'

/** Units that an order takes or gives back. */
export type OrderTakes = Readonly<{ orderUid: string; takes: readonly Take[] }>

/**
 * Reserves the stock that was allocated to orders. The transaction holds the locks of the items.
 *
 * @throws Error when the stock is not there: the allocation is wrong
 */
export async function reserveStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  options: ReserveOptions,
): Promise<void> {
  if (!(await tryToReserve(client, orders, options))) throw new Error('stock was allocated that is not there')
}

/**
 * Reserves stock that was allocated before its items were locked: movements and numbers in one statement, of few columns and in the order
 * of the items, since a group of orders has thousands. The transaction holds the locks of the items.
 *
 * @returns whether the stock was there; if not, some of it is reserved all the same, and the transaction has to be taken back
 */
export async function tryToReserve(
  client: PoolClient,
  orders: readonly OrderTakes[],
  options: ReserveOptions,
): Promise<boolean> {
  const [isThere = true] = await inOneRoundTrip(client, reserving(orders, options))
  return isThere
}

/** The same behind the locks of the items, in one round trip: until the commit, others wait for them. */
export async function lockAndReserve(
  client: PoolClient,
  orders: readonly OrderTakes[],
  options: ReserveOptions,
): Promise<boolean> {
  const chrtIds = new Set(orders.flatMap(({ takes }) => takes.map(({ chrtId }) => chrtId)))
  if (chrtIds.size === 0) return true
  const [, isThere = true] = await inOneRoundTrip(client, [lockingOf([...chrtIds]), ...reserving(orders, options)])
  return isThere
}

/** The statement that reserves what orders take; none where they take nothing. */
function reserving(
  orders: readonly OrderTakes[],
  { shelves, nowMs, lowStockDefault }: ReserveOptions,
): [] | [Statement<boolean>] {
  const takes = orders
    .flatMap(({ orderUid, takes }) => takes.map(take => ({ ...take, orderUid })))
    .sort((a, b) => a.chrtId - b.chrtId)
  if (takes.length === 0) return []
  const sums = sumsOf(takes)
  const values = [
    arrayOf(takes, ({ orderUid }) => orderUid),
    arrayOf(takes, ({ chrtId }) => chrtId),
    arrayOf(takes, ({ location }) => location),
    arrayOf(takes, ({ quantity }) => quantity),
    arrayOf(sums, ({ chrtId }) => chrtId),
    arrayOf(sums, ({ location }) => location),
    arrayOf(sums, ({ quantity }) => quantity),
    inventoryActor,
    new Date(nowMs),
    lowStockDefault,
    backorderedElsewhere(shelves),
  ]
  const read = ({ rows: [row] }: { rows: readonly { stocks: number }[] }) => row?.stocks === sums.length
  return [{ text: reserve, values, read }]
}

export type ReserveOptions = Readonly<{
  /** What it was allocated from. */
  shelves: readonly Pick<Shelf, 'chrtId' | 'backorder' | 'available'>[]
  nowMs: number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
}>

/** What is taken of each item at each location, in the order of the items. */
function sumsOf(takes: readonly Take[]): Take[] {
  const sums = new Map<string, Take>()
  for (const take of takes) {
    const key = stockKey(take)
    const quantity = (sums.get(key)?.quantity ?? 0) + take.quantity
    sums.set(key, { chrtId: take.chrtId, location: take.location, quantity })
  }
  return [...sums.values()]
}

/** The items that lie at several locations, of which one may have less than nothing available; one that is not active shows nothing. */
function backorderedElsewhere(shelves: ReserveOptions['shelves']): number[] {
  const known = new Set<number>()
  const several = new Set<number>()
  for (const { chrtId } of shelves) (known.has(chrtId) ? several : known).add(chrtId)
  const backordered = shelves.filter(({ available, backorder }) => available <= 0 || backorder > 0)
  return [...new Set(backordered.map(({ chrtId }) => chrtId))].filter(chrtId => several.has(chrtId))
}

/**
 * The level of an item changes with what it has at all locations. That is added up for those of which little is left where it was taken
 * from: elsewhere there is more, or nothing.
 */
const reserve = `
  with moved as (
    insert into stock_movements (order_uid, chrt_id, location, quantity, kind, on_hand, reserved, unavailable, reason, actor, recorded_at)
    select order_uid, chrt_id, location, quantity, 'reserved', 0, quantity, 0, '', $8, $9
      from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) as given (order_uid, chrt_id, location, quantity)
  ), changed as (
    update stock s
       set reserved = s.reserved + taken.quantity
      from unnest($5::bigint[], $6::text[], $7::bigint[]) as taken (chrt_id, location, quantity)
     where s.chrt_id = taken.chrt_id and s.location = taken.location
       and s.on_hand - s.reserved - s.unavailable + s.backorder_limit >= taken.quantity
    returning s.chrt_id, taken.quantity, s.on_hand - s.reserved - s.unavailable as available, coalesce(s.low_stock, $10::bigint) as low_stock
  ), few as (
    select chrt_id, sum(quantity) as quantity
      from changed
     where chrt_id in (select chrt_id from changed where available <= low_stock) or chrt_id = any($11::bigint[])
     group by chrt_id
  ), due as (
    insert into stock_due (chrt_id, since)
    select chrt_id, $9
      from (select s.chrt_id, sum(s.on_hand - s.reserved - s.unavailable) as before, coalesce(min(s.low_stock), $10::bigint) as low_stock
              from stock s where s.chrt_id = any(array(select chrt_id from few)) group by s.chrt_id) all_of
      join few using (chrt_id)
     where (before > 0) <> (before - quantity > 0) or (before > low_stock) <> (before - quantity > low_stock)
    on conflict do nothing
  )
  select count(*)::int as stocks from changed`

/** Gives reserved stock back. @param reason why, for the movements */
export function releaseStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  return move(client, 'released', orders, reason, options)
}

/** Takes reserved stock off the shelves: it has left. */
export function shipStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  return move(client, 'shipped', orders, reason, options)
}

async function move(
  client: PoolClient,
  kind: MovementKind,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  const movements = orders.flatMap(({ orderUid, takes }) =>
    takes.map(({ chrtId, location, quantity }): Movement => {
      return {
        chrtId,
        location,
        kind,
        quantity,
        change: changeOf(kind, quantity),
        reason,
        actor: inventoryActor,
        orderUid,
      }
    }),
  )
  if (movements.length === 0) return
  const result = await applyMovements(client, movements, options)
  if (result.kind === 'applied') return
  const { chrtId, location, quantity } = result.movement
  throw new Error(
    `the stock of ${chrtId} at ${location} does not allow that ${quantity} are ${kind}: ${result.refusal.why}`,
  )
}
