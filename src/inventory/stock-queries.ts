import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Movement } from './movement.ts'
import { applyTo, availableOf, levelOf, type Stock, type StockRefusal } from './stock.ts'

type StockRow = Readonly<{
  chrt_id: number
  location: string
  on_hand: number
  reserved: number
  unavailable: number
  backorder_limit: number
  backorder_bound: number
  low_stock: number | null
  as_of: number
}>

const numbers = ['chrt_id', 'on_hand', 'reserved', 'unavailable', 'backorder_limit', 'backorder_bound', 'low_stock']
  .map(name => `${name}::float8 as ${name}`)
  .join(', ')
const stockColumns = `location, ${numbers}, (extract(epoch from as_of) * 1000)::float8 as as_of`

function toStock(row: StockRow): Stock {
  return {
    chrtId: row.chrt_id,
    location: row.location,
    onHand: row.on_hand,
    reserved: row.reserved,
    unavailable: row.unavailable,
    backorderLimit: row.backorder_limit,
    backorderBound: row.backorder_bound,
    lowStock: row.low_stock ?? undefined,
    asOfMs: row.as_of,
  }
}

/**
 * The stock of items at all locations; nothing for an item that is not tracked. To decide on it, lock the items first.
 *
 * @returns by item and location
 */
export async function readStock(client: Pool | PoolClient, chrtIds: readonly number[]): Promise<Stock[]> {
  if (chrtIds.length === 0) return []
  return (await client.query<StockRow>(stockByItem, [chrtIds])).rows.map(toStock)
}

const stockByItem = `select ${stockColumns} from stock where chrt_id = any($1) order by chrt_id, location`

export type ApplyOptions = Readonly<{
  /** The stock of every item that a movement names, at all locations, as read under the items' locks. */
  stocks: readonly Stock[]
  nowMs: number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
}>

export type Applied = Readonly<{
  kind: 'applied'
  /** In the order of the movements. */
  movementIds: readonly number[]
  /** The stock that has changed, as it is now. */
  stocks: readonly Stock[]
}>

/**
 * Records movements and changes the numbers by them, in one statement: nothing else writes either. The transaction holds the locks of
 * the items (`lockItems`).
 *
 * Items whose level may have changed, and those that an order waits for, are noted for the worker.
 *
 * @returns the first movement that the stock does not allow; nothing is written then
 */
export async function applyMovements(
  client: PoolClient,
  movements: readonly Movement[],
  options: ApplyOptions,
): Promise<Applied | Readonly<{ kind: 'refused'; refusal: StockRefusal; movement: Movement }>> {
  const { stocks, nowMs } = options
  const result = applyTo(stocks, movements, nowMs)
  if (result.kind === 'refused') return result
  if (movements.length === 0) return { kind: 'applied', movementIds: [], stocks: [] }
  const { levels, freed } = dueOf(stocks, result.stocks, options.lowStockDefault)
  const { rows } = await client.query<{ ids: number[]; stocks: number }>(apply, [
    JSON.stringify(movements.map(toRow)),
    new Date(nowMs),
    levels,
    freed,
  ])
  const [{ ids, stocks: changed } = { ids: [], stocks: 0 }] = rows
  if (changed !== result.stocks.length) throw new Error(`${changed} of ${result.stocks.length} stocks were there`)
  return { kind: 'applied', movementIds: ids, stocks: result.stocks }
}

function toRow({ change, ...movement }: Movement) {
  return {
    chrt_id: movement.chrtId,
    location: movement.location,
    kind: movement.kind,
    quantity: movement.quantity,
    on_hand: change.onHand,
    reserved: change.reserved,
    unavailable: change.unavailable,
    reason: movement.reason,
    actor: movement.actor,
    order_uid: movement.orderUid,
    shipment_id: movement.shipmentId,
    external_id: movement.externalId,
    as_of: movement.asOfMs === undefined ? undefined : new Date(movement.asOfMs),
  }
}

const movementColumns = `chrt_id, location, kind, quantity, on_hand, reserved, unavailable, reason, actor, order_uid, shipment_id,
  external_id`

const apply = `
  with given as (
    select *
      from json_to_recordset($1::json) given
        (chrt_id bigint, location text, kind text, quantity bigint, on_hand bigint, reserved bigint, unavailable bigint, reason text,
         actor text, order_uid text, shipment_id text, external_id text, as_of timestamptz)
  ), moved as (
    insert into stock_movements (${movementColumns}, recorded_at)
    select ${movementColumns}, $2::timestamptz from given
    returning movement_id, chrt_id, location, on_hand, reserved, unavailable
  ), changed as (
    update stock s
       set on_hand         = s.on_hand + m.on_hand,
           reserved        = s.reserved + m.reserved,
           unavailable     = s.unavailable + m.unavailable,
           backorder_bound = greatest(s.backorder_limit, least(s.backorder_bound, s.reserved + m.reserved + s.unavailable + m.unavailable
                                                                                  - s.on_hand - m.on_hand)),
           as_of           = greatest(s.as_of, u.as_of)
      from (select chrt_id, location, sum(on_hand)::bigint as on_hand, sum(reserved)::bigint as reserved,
                   sum(unavailable)::bigint as unavailable
              from moved group by chrt_id, location) m
      left join (select chrt_id, location, max(coalesce(as_of, $2::timestamptz)) as as_of
                   from given where on_hand <> 0 group by chrt_id, location) u using (chrt_id, location)
     where s.chrt_id = m.chrt_id and s.location = m.location
    returning s.chrt_id
  ), due as (
    insert into stock_due (chrt_id, since)
    select chrt_id, $2 from unnest($3::bigint[]) crossed (chrt_id)
     union
    select chrt_id, $2 from stock_shortfalls where chrt_id = any($4)
    on conflict do nothing
  )
  select array_agg(movement_id::float8 order by movement_id) as ids, (select count(*)::int from changed) as stocks from moved`

/** Items whose level has changed, and those of which more is available. */
function dueOf(before: readonly Stock[], changed: readonly Stock[], lowStockDefault: number) {
  const levels: number[] = []
  const freed: number[] = []
  const all = Map.groupBy(before, ({ chrtId }) => chrtId)
  for (const [chrtId, stocks] of Map.groupBy(changed, stock => stock.chrtId)) {
    const old = all.get(chrtId) ?? []
    const now = old.map(stock => stocks.find(({ location }) => location === stock.location) ?? stock)
    if (levelOf(old, lowStockDefault) !== levelOf(now, lowStockDefault)) levels.push(chrtId)
    const sum = (of: readonly Stock[]) => of.reduce((total, stock) => total + availableOf(stock), 0)
    if (sum(now) > sum(old)) freed.push(chrtId)
  }
  return { levels, freed }
}

/** Where an item is to be tracked from now on. */
export type NewStock = Readonly<{
  chrtId: number
  location: string
  backorderLimit: number
  lowStock: number | undefined
}>

/** Begins to track items at locations, with nothing there; those that are tracked there stay as they are. */
export async function addStock(client: PoolClient, added: readonly NewStock[]): Promise<void> {
  if (added.length === 0) return
  await client.query(
    `insert into stock (chrt_id, location, on_hand, reserved, unavailable, backorder_limit, backorder_bound, low_stock, as_of)
     select chrt_id, location, 0, 0, 0, backorder_limit, backorder_limit, low_stock, '-infinity'
       from json_to_recordset($1::json) given (chrt_id bigint, location text, backorder_limit bigint, low_stock bigint)
     on conflict do nothing`,
    [
      JSON.stringify(
        added.map(({ chrtId, location, backorderLimit, lowStock }) => ({
          ...{ chrt_id: chrtId, location, backorder_limit: backorderLimit, low_stock: lowStock },
        })),
      ),
    ],
  )
}
