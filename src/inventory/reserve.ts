import type { PoolClient } from '../platform/postgres.ts'
import type { Take } from './allocation.ts'
import { changeOf, type Movement, type MovementKind } from './movement.ts'
import { inventoryActor } from './reservation.ts'
import { levelOf, type Stock, stockKey } from './stock.ts'
import { type ApplyOptions, applyMovements } from './stock-queries.ts'

/** Units that an order takes or gives back. */
export type OrderTakes = Readonly<{ orderUid: string; takes: readonly Take[] }>

/**
 * Reserves the stock that was allocated to orders: movements and numbers in one statement, of few columns, since a group of orders has
 * thousands. The transaction holds the locks of the items.
 *
 * @param options stocks: those that it was allocated from, read under the locks
 * @throws Error when the stock is not there: the allocation is wrong
 */
export async function reserveStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  { stocks, nowMs, lowStockDefault }: ApplyOptions,
): Promise<void> {
  const takes = orders.flatMap(({ orderUid, takes }) => takes.map(take => ({ ...take, orderUid })))
  if (takes.length === 0) return
  const { rows } = await client.query<{ stocks: number }>(reserve, [
    takes.map(({ orderUid }) => orderUid),
    takes.map(({ chrtId }) => chrtId),
    takes.map(({ location }) => location),
    takes.map(({ quantity }) => quantity),
    inventoryActor,
    new Date(nowMs),
    changedLevels(takes, stocks, lowStockDefault),
  ])
  const wanted = new Set(takes.map(stockKey)).size
  if (rows[0]?.stocks !== wanted) throw new Error(`${rows[0]?.stocks} of ${wanted} stocks were there`)
}

const reserve = `
  with moved as (
    insert into stock_movements (order_uid, chrt_id, location, quantity, kind, on_hand, reserved, unavailable, reason, actor, recorded_at)
    select order_uid, chrt_id, location, quantity, 'reserved', 0, quantity, 0, '', $5, $6
      from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) as given (order_uid, chrt_id, location, quantity)
    returning chrt_id, location, reserved
  ), changed as (
    update stock s
       set reserved = s.reserved + m.reserved
      from (select chrt_id, location, sum(reserved)::bigint as reserved from moved group by chrt_id, location) m
     where s.chrt_id = m.chrt_id and s.location = m.location
    returning s.chrt_id
  ), due as (
    insert into stock_due (chrt_id, since) select chrt_id, $6 from unnest($7::bigint[]) as crossed (chrt_id)
    on conflict do nothing
  )
  select count(*)::int as stocks from changed`

/** The items whose level is another afterwards. */
function changedLevels(takes: readonly Take[], stocks: readonly Stock[], lowStockDefault: number): number[] {
  const units = new Map<number, number>()
  for (const { chrtId, quantity } of takes) units.set(chrtId, (units.get(chrtId) ?? 0) + quantity)
  const all = Map.groupBy(stocks, ({ chrtId }) => chrtId)
  return [...units].flatMap(([chrtId, taken]) => {
    const before = all.get(chrtId) ?? []
    const after = before.map((stock, index) => (index === 0 ? { ...stock, reserved: stock.reserved + taken } : stock))
    return levelOf(before, lowStockDefault) === levelOf(after, lowStockDefault) ? [] : [chrtId]
  })
}

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
