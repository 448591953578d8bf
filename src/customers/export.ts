import { escapeIdentifier } from 'pg'
import type { ByCustomer, ByOrder } from '../export-part.ts'
import type { Module } from '../module.ts'
import type { ListPosition } from '../orders/list-filter.ts'
import { jsonOf, listOrders, type StoredOrder } from '../orders/queries.ts'
import type { Pool } from '../platform/postgres.ts'
import type { Naming } from '../whom.ts'
import { namingOf } from './naming.ts'

/**
 * Everything that the tables have about a customer, as one JSON object: each order as it reads back with the rows of the tables that belong
 * to orders, the rows of the tables that name the customer, and what has to be searched for. Each module names in its `exports` what it has of
 * that. It is produced in portions, in a few statements each, and no more than one portion is in memory.
 */

/** Orders that are read at a time, and their bytes. */
const ordersMax = 50
const bytesMax = 1024 * 1024

/** Rows of a table that name the customer which are read at a time. */
const rowsMax = 500

/** Columns that say nothing about a customer: tokens, digests and traces, and what the place in the export says. */
const leftOut = ['token_hash', 'method_token', 'traceparent', 'order_uid', 'list_digest', 'checkpoint_key']

/** @param nowMs milliseconds since 1970 by the clock of the database */
export async function* exportCustomer(
  { pool, modules }: Readonly<{ pool: Pool; modules: readonly Module[] }>,
  customerId: string,
  nowMs: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  const naming = namingOf(modules, { customerId, orderUid: undefined })
  const head = { customer_id: customerId, exported_at: new Date(nowMs).toISOString() }
  yield encoder.encode(`${JSON.stringify(head).slice(0, -1)},"orders":[`)
  for await (const text of separated(exportOrders(pool, modules, customerId))) yield encoder.encode(text)
  for (const [table, rows] of ofCustomer(pool, modules, customerId, naming)) {
    yield encoder.encode(`],${JSON.stringify(table)}:[`)
    for await (const text of separated(rows)) yield encoder.encode(text)
  }
  yield encoder.encode(']}\n')
}

async function* separated(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let separator = ''
  for await (const text of texts) {
    yield separator + text
    separator = ','
  }
}

/** The orders with their rows, oldest first, a portion at a time. */
async function* exportOrders(pool: Pool, modules: readonly Module[], customerId: string): AsyncGenerator<string> {
  const tables = tablesBy(modules, 'order')
  for (let after: ListPosition | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const { orders, next } = await listOrders(pool, { customerId }, after, ordersMax, 'oldest', bytesMax)
    const uids = orders.map(({ orderUid }) => orderUid)
    const rows = await readRowsOf(pool, tables, uids)
    if (orders.length > 0) yield orders.map(order => orderJson(order, rows.get(order.orderUid) ?? [])).join(',')
    after = next
  }
}

/** The tables that are found by customer, and those that are searched, with their rows as JSON. */
function ofCustomer(
  pool: Pool,
  modules: readonly Module[],
  customerId: string,
  naming: Naming,
): [table: string, rows: AsyncIterable<string>][] {
  const searched = modules.flatMap(({ exports = {} }) =>
    Object.entries(exports).flatMap(([table, how]) =>
      'search' in how ? [[table, how.search(pool, naming)] satisfies [string, AsyncIterable<string>]] : [],
    ),
  )
  return [
    ...tablesBy(modules, 'customer').map(
      ([table, how]) => [table, readByCustomer(pool, table, how, customerId)] satisfies [string, AsyncIterable<string>],
    ),
    ...searched,
  ]
}

type Ways = { order: ByOrder; customer: ByCustomer }

/** The tables whose rows are found in a way. */
export function tablesBy<By extends keyof Ways>(modules: readonly Module[], by: By): [table: string, how: Ways[By]][] {
  return modules.flatMap(({ exports = {} }) =>
    Object.entries(exports).flatMap(([table, how]): [string, Ways[By]][] =>
      'by' in how && how.by === by ? [[table, how as Ways[By]]] : [],
    ),
  )
}

type TableRows = Readonly<{ table: string; rows: string }>

function orderJson(order: StoredOrder, rows: readonly TableRows[]): string {
  const parts = rows.map(({ table, rows: json }) => `,${JSON.stringify(table)}:${json}`)
  return `{"order":${jsonOf(order)}${parts.join('')}}`
}

/** The rows of orders, by order and table; a table without any is left out. */
async function readRowsOf(
  pool: Pool,
  tables: readonly (readonly [table: string, how: ByOrder])[],
  orderUids: readonly string[],
): Promise<ReadonlyMap<string, TableRows[]>> {
  if (orderUids.length === 0) return new Map()
  const found: (TableRows & { orderUid: string })[] = []
  for (const [table, how] of tables) {
    const own = how.rows ?? `select * from ${escapeIdentifier(table)} where order_uid = any($1)`
    const { rows } = await pool.query<{ order_uid: string; rows: string }>(
      `select order_uid, json_agg(to_jsonb(t) - $2::text[])::text as rows from (${own}) t group by order_uid`,
      [orderUids, leftOut],
    )
    found.push(...rows.map(row => ({ table, orderUid: row.order_uid, rows: row.rows })))
  }
  return Map.groupBy(found, ({ orderUid }) => orderUid)
}

/** The rows of a table that name the customer, as JSON, a portion at a time. */
async function* readByCustomer(
  pool: Pool,
  table: string,
  { key, condition }: ByCustomer,
  customerId: string,
): AsyncGenerator<string> {
  for (let last = '', isMore = true; isMore; ) {
    const { rows } = await pool.query<{ key: string; row: string }>(
      `select ${key} as key, (to_jsonb(t) - $3::text[])::text as row
         from ${escapeIdentifier(table)} t
        where ${condition} and ${key} > $2
        order by ${key}
        limit ${rowsMax}`,
      [customerId, last, leftOut],
    )
    for (const { row } of rows) yield row
    last = rows.at(-1)?.key ?? last
    isMore = rows.length === rowsMax
  }
}
