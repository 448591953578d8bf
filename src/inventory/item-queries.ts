import { arrayOf } from '../platform/array-text.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import { pageOf, walkedRows } from '../platform/walked-page.ts'
import type { BackorderMode, Item } from './item.ts'

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
  ${bigints.map(name => `items.${name}::float8 as ${name}`).join(', ')},
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

/** Which items a list has; each condition that is given must hold. */
export type ItemFilter = Readonly<{
  /** Text queries of PostgreSQL, one for each word, as `searchedWordsOf` makes them. */
  search: readonly string[] | undefined
  chrtIds: readonly number[] | undefined
  nmId: number | undefined
  active: boolean | undefined
}>

/** A page of items, and the number before the next one: undefined on the last page. */
export type ItemPage = Readonly<{ items: readonly Item[]; next: number | undefined }>

/**
 * A page of items by their numbers. Where few of many items match it may have fewer than were asked for: it checks a bounded number of them.
 *
 * @param after the number before the page
 */
export function listItems(pool: Pool, filter: ItemFilter, after: number | undefined, limit: number): Promise<ItemPage> {
  const { search, chrtIds, nmId, active } = filter
  // Any of these leaves few items, of which an index has the order.
  const isFew = chrtIds !== undefined || nmId !== undefined || active === false
  return search === undefined || isFew
    ? walkItems(pool, filter, after, limit)
    : searchItems(pool, { search, onlyActive: active === true }, after, limit)
}

async function walkItems(
  pool: Pool,
  { search, chrtIds, nmId, active }: ItemFilter,
  after: number | undefined,
  limit: number,
): Promise<ItemPage> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds: string[] = []
  if (chrtIds !== undefined) bounds.push(`chrt_id = any(${value(chrtIds)})`)
  if (nmId !== undefined) bounds.push(`nm_id = ${value(nmId)}`)
  if (active === false) bounds.push('not active')
  if (after !== undefined) bounds.push(`chrt_id > ${value(after)}`)
  const conditions: string[] = []
  if (active === true) conditions.push('active')
  if (search !== undefined) conditions.push(`search @@ ${value(search.join(' & '))}::tsquery`)
  const walk = { table: 'items', keys: ['chrt_id'], sortedBy: ['chrt_id'], direction: 'asc', limit } as const
  const { rows } = await pool.query<ItemRow & { fits: boolean; number: string }>(
    `select ${itemColumns}, k.fits, k.number
       from ${walkedRows({ ...walk, bounds, conditions })} k join items using (chrt_id)
      order by items.chrt_id`,
    values,
  )
  const page = pageOf(rows, { conditions, limit })
  return { items: page.rows.map(toItem), next: page.last?.chrt_id }
}

async function searchItems(
  pool: Pool,
  { search, onlyActive }: Readonly<{ search: readonly string[]; onlyActive: boolean }>,
  after: number | undefined,
  limit: number,
): Promise<ItemPage> {
  const { rows } = await pool.query<(ItemRow | { chrt_id: null }) & { next_id: number | null }>(searchedItems, [
    search.join(' & '),
    search,
    onlyActive,
    after ?? -1,
    limit,
  ])
  const items = rows.flatMap(row => (row.chrt_id === null ? [] : [toItem(row)]))
  return { items, next: rows[0]?.next_id ?? undefined }
}

const searchedItems = `
  select ${itemColumns}, found.next_id::float8 as next_id
    from search_items($1, $2, $3, $4, $5) found left join items on items.chrt_id = any(found.ids)
   order by items.chrt_id`
