import type { Pool } from '../platform/postgres.ts'
import { pageOf, walkedRows } from '../platform/walked-page.ts'
import { levelSql } from './level-sql.ts'
import type { MovementKind } from './movement.ts'
import { readStock } from './stock-queries.ts'
import { type Stock, type StockLevel, stockLevels } from './stock.ts'
import type { MovementView } from './views.ts'

/** Stock and movements as they are read, without a lock. */

/** Which stock a list has; each condition that is given must hold. */
export type StockFilter = Readonly<{
  chrtIds: readonly number[] | undefined
  levels: readonly StockLevel[] | undefined
  /** Tracked there. */
  location: string | undefined
}>

/**
 * A page of tracked items by their numbers, each with its stock at all locations. Where few items match it may have fewer than were asked
 * for: it checks a bounded number of them.
 *
 * @param after the number before the page
 * @param lowStockDefault for items without a number of their own
 * @returns next: the number before the next page; undefined on the last one
 */
export async function listStock(
  pool: Pool,
  { chrtIds, levels, location }: StockFilter,
  after: number | undefined,
  limit: number,
  lowStockDefault: number,
): Promise<{ items: readonly (readonly Stock[])[]; next: number | undefined }> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds = ['true']
  if (chrtIds !== undefined) bounds.push(`chrt_id = any(${value(chrtIds)})`)
  if (after !== undefined) bounds.push(`chrt_id > ${value(after)}`)
  const sums = ['sum(on_hand - reserved - unavailable) as available', 'min(low_stock) as low_stock']
  const conditions: string[] = []
  if (location !== undefined) {
    sums.push(`bool_or(location = ${value(location)}) as is_there`)
    conditions.push('is_there')
  }
  if (levels !== undefined) {
    const level = levelSql('available', `coalesce(low_stock, ${value(lowStockDefault)}::bigint)`)
    conditions.push(`${level} = any(${value(levels)})`)
  }
  const isFew = chrtIds === undefined && location === undefined && levels?.includes('in_stock') === false
  const rowsMax = isFew ? limit + candidatesMore : undefined
  if (rowsMax !== undefined) bounds.push(`chrt_id = any(array(${candidates(levels ?? [], bounds, rowsMax)}))`)
  const table = `(select chrt_id, ${sums.join(', ')} from stock where ${bounds.join(' and ')} group by stock.chrt_id) tracked`
  const walk = {
    table,
    keys: ['chrt_id'],
    sortedBy: ['chrt_id'],
    direction: 'asc',
    bounds: [],
    conditions,
    limit,
    ...(rowsMax === undefined ? {} : { rowsMax }),
  } as const
  const { rows } = await pool.query<{ chrt_id: number; fits: boolean; number: string }>(
    `select chrt_id::float8 as chrt_id, fits, number from ${walkedRows(walk)} k order by number`,
    values,
  )
  const page = pageOf(rows, walk)
  const stocks = await readStock(
    pool,
    page.rows.map(row => row.chrt_id),
  )
  return { items: [...Map.groupBy(stocks, ({ chrtId }) => chrtId).values()], next: page.last?.chrt_id }
}

/**
 * How many items more than a page has are checked of those that an index has by what was last told of their level. Nearly all of them are still at it.
 */
const candidatesMore = 100

/**
 * The first items that may be at a level: those of which it was told last, and those that the worker has still to look at. No other is at
 * it, except after a change of STOCK_LOW, until the worker has noted that.
 */
function candidates(levels: readonly StockLevel[], bounds: readonly string[], most: number): string {
  const first = (table: string, conditions: readonly string[]) =>
    `(select chrt_id from ${table} where ${conditions.join(' and ')} order by ${table}.chrt_id limit ${most})`
  const told = stockLevels.filter(level => levels.includes(level)).map(level => [...bounds, `level = '${level}'`])
  const found = [...told.map(conditions => first('item_streams', conditions)), first('stock_due', bounds)]
  return `select chrt_id from (${found.join(' union ')}) found order by found.chrt_id limit ${most}`
}

type MovementRow = Readonly<
  Omit<MovementView, 'id' | 'recorded_at' | 'kind'> & { movement_id: number; recorded_at: number; kind: MovementKind }
>

const numbers = ['movement_id', 'quantity', 'on_hand', 'reserved', 'unavailable']

/** A page of movements, and the movement before the next one: undefined on the last page. */
export type MovementPage = Readonly<{ movements: readonly MovementView[]; next: number | undefined }>

/**
 * A page of movements of an item, newest first. Where few of many movements match, it may have fewer than the limit.
 *
 * @param before the movement before the page
 */
export async function listMovements(
  pool: Pool,
  chrtId: number,
  { location, kinds }: Readonly<{ location: string | undefined; kinds: readonly MovementKind[] | undefined }>,
  before: number | undefined,
  limit: number,
): Promise<MovementPage> {
  const values: unknown[] = [chrtId]
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds = ['chrt_id = $1']
  if (before !== undefined) bounds.push(`movement_id < ${value(before)}`)
  const conditions: string[] = []
  if (location !== undefined) conditions.push(`location = ${value(location)}`)
  if (kinds !== undefined) conditions.push(`kind = any(${value(kinds)})`)
  const walk = { table: 'stock_movements', keys: ['chrt_id', 'movement_id'], sortedBy: ['movement_id'] }
  const { rows } = await pool.query<MovementRow & { fits: boolean; number: string }>(
    `select location, kind, reason, actor, order_uid, shipment_id, external_id,
            ${numbers.map(name => `m.${name}::float8 as ${name}`).join(', ')},
            (extract(epoch from recorded_at) * 1000)::float8 as recorded_at, k.fits, k.number
       from ${walkedRows({ ...walk, bounds, conditions, limit })} k
       join stock_movements m using (chrt_id, movement_id)
      order by m.movement_id desc`,
    values,
  )
  const page = pageOf(rows, { conditions, limit })
  return { movements: page.rows.map(toMovement), next: page.last?.movement_id }
}

function toMovement(row: MovementRow): MovementView {
  return {
    ...{ id: row.movement_id, location: row.location, kind: row.kind, quantity: row.quantity },
    ...{ on_hand: row.on_hand, reserved: row.reserved, unavailable: row.unavailable },
    ...{ reason: row.reason, actor: row.actor, order_uid: row.order_uid, shipment_id: row.shipment_id },
    ...{ external_id: row.external_id, recorded_at: new Date(row.recorded_at).toISOString() },
  }
}
