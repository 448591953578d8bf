import { escapeIdentifier } from 'pg'
import type { Module } from '../module.ts'
import type { ListPosition } from '../orders/list-filter.ts'
import { jsonOf, listOrders, type StoredOrder } from '../orders/queries.ts'
import type { Pool } from '../platform/postgres.ts'

/**
 * Everything that the tables have about a customer, as one JSON object: each order as it reads back with the rows of the tables that belong
 * to orders, and the rows of the tables that name the customer. Which tables these are is read from the database, so that those of a new
 * module are there too. It is produced in portions, in a few statements each.
 */

/** Orders that are read at a time, and their bytes. */
const ordersMax = 50
const bytesMax = 1024 * 1024

/** The most rows of a table that names the customer. */
const rowsMax = 10_000

/** Columns that say nothing about a customer: tokens, digests and traces, and what the place in the export says. */
const leftOut = ['token_hash', 'method_token', 'traceparent', 'order_uid']

/** @param nowMs milliseconds since 1970 by the clock of the database */
export async function* exportCustomer(
  { pool, modules }: Readonly<{ pool: Pool; modules: readonly Module[] }>,
  customerId: string,
  nowMs: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  const tables = await findTables(pool, modules)
  const head = { customer_id: customerId, exported_at: new Date(nowMs).toISOString() }
  let text = `${JSON.stringify(head).slice(0, -1)},"orders":[`
  let separator = ''
  for (let after: ListPosition | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const { orders, next } = await listOrders(pool, { customerId }, after, ordersMax, 'oldest', bytesMax)
    const rows = await readRowsOf(
      pool,
      tables.ofOrders,
      orders.map(({ orderUid }) => orderUid),
    )
    for (const order of orders) {
      text += separator + orderJson(order, rows.get(order.orderUid) ?? [])
      separator = ','
    }
    yield encoder.encode(text)
    text = ''
    after = next
  }
  text = ']'
  for (const table of tables.ofCustomers) {
    text += `,${JSON.stringify(table)}:${await readRowsByCustomer(pool, table, customerId)}`
  }
  yield encoder.encode(`${text}}\n`)
}

type TableRows = Readonly<{ table: string; rows: string }>

function orderJson(order: StoredOrder, rows: readonly TableRows[]): string {
  const parts = rows.map(({ table, rows: json }) => `,${JSON.stringify(table)}:${json}`)
  return `{"order":${jsonOf(order)}${parts.join('')}}`
}

/** The tables of the modules that are found by order, since an index begins with it, and those that name customers. */
async function findTables(
  pool: Pool,
  modules: readonly Module[],
): Promise<{ ofOrders: readonly string[]; ofCustomers: readonly string[] }> {
  const { rows } = await pool.query<{ name: string; names_customers: boolean; is_by_order: boolean }>(
    `select relname as name, bool_or(attname = 'customer_id') as names_customers,
            bool_or(attname = 'order_uid' and exists (select from pg_index where indrelid = c.oid and indkey[0] = attnum)) as is_by_order
       from pg_class c
       join pg_attribute on attrelid = c.oid and attnum > 0 and not attisdropped
      where relnamespace = current_schema()::regnamespace and relname = any($1)
      group by relname
      order by relname`,
    [modules.flatMap(({ tables = [] }) => tables.map(({ name }) => name))],
  )
  const others = rows.filter(({ name }) => name !== 'orders')
  return {
    ofCustomers: others.flatMap(({ name, names_customers: isOne }) => (isOne ? [name] : [])),
    ofOrders: others.flatMap(({ name, names_customers: isOther, is_by_order: isOne }) =>
      isOne && !isOther ? [name] : [],
    ),
  }
}

/** The rows of orders, by order and table; a table without any is left out. */
async function readRowsOf(
  pool: Pool,
  tables: readonly string[],
  orderUids: readonly string[],
): Promise<ReadonlyMap<string, TableRows[]>> {
  if (orderUids.length === 0) return new Map()
  const found: (TableRows & { orderUid: string })[] = []
  for (const table of tables) {
    const { rows } = await pool.query<{ order_uid: string; rows: string }>(
      `select order_uid, json_agg(to_jsonb(t) - $2::text[])::text as rows
         from ${escapeIdentifier(table)} t
        where order_uid = any($1)
        group by order_uid`,
      [orderUids, leftOut],
    )
    found.push(...rows.map(row => ({ table, orderUid: row.order_uid, rows: row.rows })))
  }
  return Map.groupBy(found, ({ orderUid }) => orderUid)
}

async function readRowsByCustomer(pool: Pool, table: string, customerId: string): Promise<string> {
  const { rows } = await pool.query<{ rows: string }>(
    `select coalesce(json_agg(to_jsonb(t) - $2::text[]), '[]')::text as rows
       from (select * from ${escapeIdentifier(table)} where customer_id = $1 limit ${rowsMax}) t`,
    [customerId, leftOut],
  )
  return rows[0]?.rows ?? '[]'
}
