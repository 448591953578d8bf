import { arrayOf } from '../platform/array-text.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import { pairsOf } from './pairs.ts'
import { type BackorderMode, backorderLimitOf, type Item, type SaveOutcome } from './item.ts'
import { wordsOfItem } from './item-words.ts'

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

/**
 * Writes items as they are from now on, and takes what concerns their stock over to it. The transaction holds their locks.
 *
 * @param items each once
 * @returns what became of each, by its number
 */
export async function saveItems(
  client: PoolClient,
  items: readonly Item[],
  nowMs: number,
): Promise<ReadonlyMap<number, SaveOutcome>> {
  const now = new Date(nowMs)
  const { rows } = await client.query<{ chrt_id: number; outcome: SaveOutcome }>(save, [
    JSON.stringify(items.map(toRow)),
    now,
  ])
  const limits = items.map(item => ({
    chrt_id: item.chrtId,
    backorder_limit: backorderLimitOf(item),
    low_stock: item.lowStock,
  }))
  await client.query(followItems, [JSON.stringify(limits), now])
  return new Map(rows.map(({ chrt_id, outcome }) => [chrt_id, outcome]))
}

function toRow(item: Item) {
  return {
    chrt_id: item.chrtId,
    nm_id: item.nmId,
    name: item.name,
    brand: item.brand,
    size: item.size,
    prices: item.prices,
    sale: item.sale,
    tax_class: item.taxClass,
    active: item.active,
    min_quantity: item.minQuantity,
    max_quantity: item.maxQuantity,
    quantity_step: item.quantityStep,
    max_per_customer: item.maxPerCustomer,
    backorder: item.backorder,
    backorder_limit: item.backorderLimit,
    low_stock: item.lowStock,
    available_from: item.availableFromMs === undefined ? undefined : new Date(item.availableFromMs).toISOString(),
    words: wordsOfItem(item),
  }
}

const written = [
  ['nm_id', 'bigint'],
  ['name', 'text'],
  ['brand', 'text'],
  ['size', 'text'],
  ['prices', 'jsonb'],
  ['sale', 'smallint'],
  ['tax_class', 'text'],
  ['active', 'boolean'],
  ['min_quantity', 'bigint'],
  ['max_quantity', 'bigint'],
  ['quantity_step', 'bigint'],
  ['max_per_customer', 'bigint'],
  ['backorder', 'text'],
  ['backorder_limit', 'bigint'],
  ['low_stock', 'bigint'],
  ['available_from', 'timestamptz'],
] as const
const names = written.map(([name]) => name)
const listOf = (from: string) => names.map(name => `${from}.${name}`).join(', ')

/** An item that is sent as it is already is not written: a catalogue is often imported whole, and little of it is new. */
const save = `
  with given as (
    select * from json_to_recordset($1::json) given (chrt_id bigint, ${written.map(column => column.join(' ')).join(', ')}, words text[])
  ), known as (
    select chrt_id from items where chrt_id in (select chrt_id from given)
  ), saved as (
    insert into items as i (chrt_id, ${names.join(', ')}, updated_at, search)
    select chrt_id, ${names.join(', ')}, $2, array_to_tsvector(words) from given order by chrt_id
    on conflict (chrt_id) do update
       set ${names.map(name => `${name} = excluded.${name}`).join(', ')}, updated_at = excluded.updated_at, search = excluded.search
     where (${listOf('i')}) is distinct from (${listOf('excluded')})
    returning chrt_id
  )
  select chrt_id::float8 as chrt_id,
         case when s.chrt_id is null then 'unchanged' when k.chrt_id is null then 'created' else 'updated' end as outcome
    from given left join known k using (chrt_id) left join saved s using (chrt_id)`

/** One location of an item has its limit of back-orders: the one that has it already, or the first by priority. */
const followItems = `
  with given as (
    select * from json_to_recordset($1::json) given (chrt_id bigint, backorder_limit bigint, low_stock bigint)
  ), homes as (
    select distinct on (s.chrt_id) s.chrt_id, s.location
      from given join stock s using (chrt_id) left join locations l using (location)
     order by s.chrt_id, s.backorder_limit desc, l.priority, s.location
  ), wanted as (
    select s.chrt_id, s.location, g.low_stock, case when h.location = s.location then g.backorder_limit else 0 end as backorder_limit
      from given g join stock s using (chrt_id) join homes h using (chrt_id)
  ), changed as (
    update stock s
       set low_stock       = w.low_stock,
           backorder_limit = w.backorder_limit,
           backorder_bound = greatest(w.backorder_limit, s.reserved + s.unavailable - s.on_hand)
      from wanted w
     where s.chrt_id = w.chrt_id and s.location = w.location
       and (s.backorder_limit, s.low_stock) is distinct from (w.backorder_limit, w.low_stock)
    returning s.chrt_id
  )
  insert into stock_due (chrt_id, since) select distinct chrt_id, $2::timestamptz from changed on conflict do nothing`
