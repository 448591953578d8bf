import { textArrayOf } from '../platform/array-text.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { backorderLimitOf, type Item, type SaveOutcome } from './item.ts'
import { wordsOfItem } from './item-words.ts'

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
  const sorted = items.toSorted((a, b) => a.chrtId - b.chrtId)
  const arrays = columns.map(([, , value]) => textArrayOf(sorted, value))
  const { rows } = await client.query<{ outcome: SaveOutcome; chrt_ids: string }>(save, [...arrays, now])
  const outcomes = new Map<number, SaveOutcome>()
  for (const { outcome, chrt_ids } of rows) {
    for (const chrtId of chrt_ids.split(',')) outcomes.set(Number(chrtId), outcome)
  }
  // A new item has no stock, and that of an unchanged one follows it already.
  const updated = sorted.filter(({ chrtId }) => outcomes.get(chrtId) === 'updated')
  if (updated.length > 0) await client.query(followItems, [JSON.stringify(updated.map(limitsOf)), now])
  return outcomes
}

function limitsOf(item: Item) {
  return { chrt_id: item.chrtId, backorder_limit: backorderLimitOf(item), low_stock: item.lowStock }
}

type Column = readonly [name: string, type: string, value: (item: Item) => string | number | undefined]

const key: Column = ['chrt_id', 'bigint', item => item.chrtId]

const written: readonly Column[] = [
  ['nm_id', 'bigint', item => item.nmId],
  ['name', 'text', item => item.name],
  ['brand', 'text', item => item.brand],
  ['size', 'text', item => item.size],
  ['prices', 'jsonb', item => JSON.stringify(item.prices)],
  ['sale', 'smallint', item => item.sale],
  ['tax_class', 'text', item => item.taxClass],
  ['active', 'boolean', item => (item.active ? 't' : 'f')],
  ['min_quantity', 'bigint', item => item.minQuantity],
  ['max_quantity', 'bigint', item => item.maxQuantity],
  ['quantity_step', 'bigint', item => item.quantityStep],
  ['max_per_customer', 'bigint', item => item.maxPerCustomer],
  ['backorder', 'text', item => item.backorder],
  ['backorder_limit', 'bigint', item => item.backorderLimit],
  ['low_stock', 'bigint', item => item.lowStock],
  [
    'available_from',
    'timestamptz',
    ({ availableFromMs: from }) => (from === undefined ? undefined : new Date(from).toISOString()),
  ],
]

const words: Column = ['words', 'text', item => wordsOfItem(item).join(' ')]

/** What is sent of items. */
const columns = [key, ...written, words]

const names = written.map(([name]) => name)
const listOf = (from: string) => names.map(name => `${from}.${name}`).join(', ')

/**
 * An item that is sent as it is already is not written, nor locked as a conflict would be: a catalogue is often imported whole, and little
 * of it is new. Arrays cost the server a third of what JSON does.
 */
const save = `
  with given as (
    select * from unnest(${columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')})
                    as given (${columns.map(([name]) => name).join(', ')})
  ), compared as materialized (
    select g.*, i.chrt_id is not null as is_known, (${listOf('g')}) is distinct from (${listOf('i')}) as differs
      from given g left join items i on i.chrt_id = g.chrt_id
  ), created as (
    insert into items (chrt_id, ${names.join(', ')}, updated_at, search)
    select chrt_id, ${names.join(', ')}, $${columns.length + 1}, array_to_tsvector(string_to_array(words, ' '))
      from compared where not is_known order by chrt_id
  ), updated as (
    update items i
       set ${names.map(name => `${name} = c.${name}`).join(', ')}, updated_at = $${columns.length + 1},
           search = array_to_tsvector(string_to_array(c.words, ' '))
      from compared c
     where i.chrt_id = c.chrt_id and c.is_known and c.differs
  )
  select case when not is_known then 'created' when differs then 'updated' else 'unchanged' end as outcome,
         array_to_string(array_agg(chrt_id), ',') as chrt_ids
    from compared
   group by 1`

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
