import { arrayOf } from '../platform/array-text.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import type { BackorderMode, Item } from './item.ts'
import { pairsOf } from './pairs.ts'

type ItemRow = Readonly<{
  chrt_id: number
  nm_id: number
  name: string
  brand: string
  size: string
  prices: Record<string, number>
  sale: number
  tax_class: string
  active: boolean
  min_quantity: number
  max_quantity: number | null
  quantity_step: number
  max_per_customer: number | null
  backorder: BackorderMode
  backorder_limit: number | null
  low_stock: number | null
  available_from: number | null
  updated_at: number
}>

const bigints = [
  'chrt_id',
  'nm_id',
  'min_quantity',
  'max_quantity',
  'quantity_step',
  'max_per_customer',
  'backorder_limit',
  'low_stock',
]
const times = ['available_from', 'updated_at']

const itemColumns = `name, brand, size, prices, sale, tax_class, active, backorder,
  ${bigints.map(name => `${name}::float8 as ${name}`).join(', ')},
  ${times.map(name => `(extract(epoch from ${name}) * 1000)::float8 as ${name}`).join(', ')}`

function toItem(row: ItemRow): Item {
  return {
    chrtId: row.chrt_id,
    nmId: row.nm_id,
    name: row.name,
    brand: row.brand,
    size: row.size,
    prices: row.prices,
    sale: row.sale,
    taxClass: row.tax_class,
    active: row.active,
    minQuantity: row.min_quantity,
    maxQuantity: row.max_quantity ?? undefined,
    quantityStep: row.quantity_step,
    maxPerCustomer: row.max_per_customer ?? undefined,
    backorder: row.backorder,
    backorderLimit: row.backorder_limit ?? undefined,
    lowStock: row.low_stock ?? undefined,
    availableFromMs: row.available_from ?? undefined,
    updatedAtMs: row.updated_at,
  }
}

/** Items by their numbers; fewer where some are not there. @returns by number */
export async function readItems(client: Pool | PoolClient, chrtIds: readonly number[]): Promise<Item[]> {
  if (chrtIds.length === 0) return []
  return (await client.query<ItemRow>(itemsByNumber, [chrtIds])).rows.map(toItem)
}

const itemsByNumber = `select ${itemColumns} from items where chrt_id = any($1) order by items.chrt_id`

/** An item with its stamp: another one after every change. The transaction that wrote the row says so. */
export type StampedItem = Readonly<{ item: Item; stamp: string }>

/** The statement that reads items with their stamps; fewer where some are not there. */
export function stampedItems(chrtIds: readonly number[]): Statement<StampedItem[]> {
  return {
    text: `select xmin::text as stamp, ${itemColumns} from items where chrt_id = any($1)`,
    values: [arrayOf(chrtIds, chrtId => chrtId)],
    read: ({ rows }: { rows: readonly (ItemRow & { stamp: string })[] }) =>
      rows.map(({ stamp, ...row }) => ({ stamp, item: toItem(row) })),
  }
}

/** The statement that reads the stamps of items, by number, as one row. */
export function stampsOfItems(chrtIds: readonly number[]): Statement<ReadonlyMap<number, string>> {
  return {
    text: `select string_agg(chrt_id || ' ' || xmin, ',') as pairs from items where chrt_id = any($1)`,
    values: [arrayOf(chrtIds, chrtId => chrtId)],
    read: ({ rows: [row] }: { rows: readonly { pairs: string | null }[] }) => new Map(pairsOf(row?.pairs ?? null)),
  }
}

/** Which items a list has; each condition that is given must hold. */
export type ItemFilter = Readonly<{
  /** A text query of PostgreSQL, as `searchQueryOf` makes it. */
  search: string | undefined
  chrtIds: readonly number[] | undefined
  nmId: number | undefined
  active: boolean | undefined
}>

/**
 * How many items a search looks through in their order: enough for a page of what is common, in one to two milliseconds, and more where
 * that has found a part of the page. What is rarer is then found by the index of words. The planner's own choice, by estimates of
 * prefixes, takes ten times as long.
 */
const walkedMax = 1_000
const walkedOnMax = 6_000

/** A page of items by their numbers. @param after the number before the page */
export async function listItems(
  pool: Pool,
  filter: ItemFilter,
  after: number | undefined,
  limit: number,
): Promise<Item[]> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const conditions = ['true']
  if (filter.chrtIds !== undefined) conditions.push(`chrt_id = any(${value(filter.chrtIds)})`)
  if (filter.nmId !== undefined) conditions.push(`nm_id = ${value(filter.nmId)}`)
  if (filter.active !== undefined) conditions.push(`active = ${value(filter.active)}`)
  if (after !== undefined) conditions.push(`chrt_id > ${value(after)}`)
  const all = `select * from items where ${conditions.join(' and ')}`
  const read = async (rowsOf: string) => {
    const { rows } = await pool.query<ItemRow>(
      `select ${itemColumns} from (${rowsOf}) i order by i.chrt_id limit ${limit}`,
      values,
    )
    return rows.map(toItem)
  }
  if (filter.search === undefined) return read(all)
  const found = `search @@ ${value(filter.search)}::tsquery`
  const walk = (rowsMax: number) =>
    read(`select * from (${all} order by items.chrt_id limit ${rowsMax}) walked where ${found}`)
  const near = await walk(walkedMax)
  if (near.length === limit) return near
  const isCommon = near.length * (walkedOnMax / walkedMax) >= limit
  const further = isCommon ? await walk(walkedOnMax) : near
  // `offset 0` keeps the order from reaching into the search.
  return further.length === limit ? further : read(`${all} and ${found} offset 0`)
}
