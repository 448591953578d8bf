import { arrayOf } from '../platform/array-text.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
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

/** Which items a list has; each condition that is given must hold. */
export type ItemFilter = Readonly<{
  /** A text query of PostgreSQL, as `searchQueryOf` makes it. */
  search: string | undefined
  chrtIds: readonly number[] | undefined
  nmId: number | undefined
  active: boolean | undefined
}>

/**
 * How many items a search looks through in their order: one millisecond. The planner's own choice, by estimates of prefixes, takes ten
 * times as long.
 */
const walkedMax = 1_000
/** How many of them have to be found to tell how far the page will reach, and how much further than that is read. */
const tellingMin = 5
const margin = 1.5
/** How many of them have a word that is not common. */
const rareMax = 50

/**
 * A page of items by their numbers.
 *
 * No index has both, words and the order of the numbers: the one of words finds all items of a word, and reading those of a word that one
 * item in a hundred has takes 60 ms in a catalogue of a million. So a search first looks through some items in their order, which makes
 * a page of what is common. What it finds tells how far the page will reach: up to there, PostgreSQL uses both indexes together, or the
 * one that is cheaper. The rest is found by the index of words: it is rare, or lies elsewhere in the order.
 *
 * @param after the number before the page
 */
export async function listItems(
  pool: Pool,
  { search, ...filter }: ItemFilter,
  after = -1,
  limit: number,
): Promise<Item[]> {
  const { conditions, values } = conditionsOf(filter)
  const all = `select * from items where ${conditions.join(' and ')}`
  const read = async (
    rowsOf: string,
    most: number,
    words: readonly string[],
    from = after,
    to = Number.MAX_SAFE_INTEGER,
  ) => {
    const text = `select ${itemColumns} from (${rowsOf}) i order by i.chrt_id limit ${most}`
    return (await pool.query<ItemRow>(text, [from, to, ...values, ...words])).rows.map(toItem)
  }
  if (search === undefined) return read(all, limit, [])
  const [given, rare] = [values.length + 3, values.length + 4]
  const walked = `(${all} order by items.chrt_id limit ${walkedMax}) walked`
  const found = await read(`select * from ${walked} where search @@ $${given}::tsquery`, limit, [search])
  if (found.length === limit) return found
  const words = [search, await rareWords(pool, walked, [after, Number.MAX_SAFE_INTEGER, ...values], search)]
  // The index reads nothing of the common words: as a list of all their items it would take longer than what they spare.
  const matches = [`search @@ $${rare}::tsquery`, `(search @@ $${given}::tsquery) is true`]
  for (const to of [reachOf(found, limit), Number.MAX_SAFE_INTEGER]) {
    const [most, from] = [limit - found.length, found.at(-1)?.chrtId ?? after]
    if (most > 0 && to !== undefined)
      found.push(...(await read(foundFirst([...conditions, ...matches], most), most, words, from, to)))
  }
  return found
}

/** Conditions on items between two numbers, which are the first two values. */
function conditionsOf({ chrtIds, nmId, active }: Omit<ItemFilter, 'search'>) {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given) + 2}`
  const conditions = ['chrt_id > $1', 'chrt_id <= $2']
  if (chrtIds !== undefined) conditions.push(`chrt_id = any(${value(chrtIds)})`)
  if (nmId !== undefined) conditions.push(`nm_id = ${value(nmId)}`)
  if (active !== undefined) conditions.push(`active = ${value(active)}`)
  return { conditions, values }
}

/** Those words of a search that few of the items in a sample have, or the rarest of them. */
async function rareWords(pool: Pool, sample: string, values: readonly unknown[], search: string): Promise<string> {
  const words = search.split(' & ')
  if (words.length === 1) return search
  const counts = words.map((_, index) => `count(*) filter (where search @@ $${values.length + index + 1}::tsquery)`)
  const { rows } = await pool.query<{ counts: readonly number[] }>(
    `select array[${counts.join(', ')}]::float8[] as counts from ${sample}`,
    [...values, ...words],
  )
  const found = rows[0]?.counts ?? []
  const most = Math.max(rareMax, Math.min(...found))
  return words.filter((_, index) => (found[index] ?? 0) <= most).join(' & ')
}

/** How far a page will reach, by the items that begin it. Undefined: they are too few to tell. */
function reachOf(found: readonly Item[], limit: number): number | undefined {
  const [first, last] = [found.at(0), found.at(-1)]
  if (first === undefined || last === undefined || found.length < tellingMin) return undefined
  const apart = (last.chrtId - first.chrtId) / (found.length - 1)
  return Math.min(Math.ceil(last.chrtId + apart * (limit - found.length) * margin), Number.MAX_SAFE_INTEGER)
}

/** The rows of the first items that are found. `offset 0` keeps the order from reaching into the search; the rows are read behind it. */
function foundFirst(conditions: readonly string[], most: number): string {
  const all = `(select chrt_id from items where ${conditions.join(' and ')} offset 0) found`
  return `select * from items where chrt_id = any(array(select chrt_id from ${all} order by found.chrt_id limit ${most}))`
}
