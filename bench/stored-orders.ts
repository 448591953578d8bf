import type { Client } from 'pg'
import { exampleOrder } from '../src/orders/example.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { withClient } from './environment.ts'

/** Orders that were written straight into the tables, as if they had come in over a year. */
export type StoredOrders = {
  count: number
  /** Lines in all; 0 when only the orders were written. */
  lines: number
  firstMs: number
  lastMs: number
}

const linesAnOrder = 2
const portion = 100_000
const yearMs = 365 * 24 * 3600 * 1000

/**
 * Writes orders with a spread of customers, states and dates that a shop has: old orders are completed, the newest are
 * pending or on their way, a few percent were cancelled. For what an index has to be good for there are also a customer
 * with one order in a hundred, and `on_hold`, which only some fifty of the oldest orders are. No payment is
 * `partially_refunded`.
 *
 * @param withLines also writes their lines and events, for measurements that write to those tables
 */
export async function storeOrders(
  address: PostgresAddress,
  count: number,
  options: { withLines: boolean; onProgress?: (orders: number) => void },
): Promise<StoredOrders> {
  const lastMs = Date.now()
  const firstMs = lastMs - yearMs
  await withClient(address, async client => {
    for (let from = 1; from <= count; from += portion) {
      const to = Math.min(from + portion - 1, count)
      await storePortion(client, { count, from, to, firstMs }, options.withLines)
      options.onProgress?.(to)
    }
    await client.query('vacuum analyze')
    await client.query('checkpoint')
  })
  return { count, lines: options.withLines ? count * linesAnOrder : 0, firstMs, lastMs }
}

/** The uid of a stored order by its number, from 1. */
export const uidOfNumber = (parameter: string) => `substr(md5(${parameter}::text), 1, 20)`

type Portion = { count: number; from: number; to: number; firstMs: number }

async function storePortion(client: Client, { count, from, to, firstMs }: Portion, withLines: boolean): Promise<void> {
  await client.query('begin')
  await client.query(ordersStatement, [from, to, count, firstMs, yearMs, documentTemplate()])
  if (withLines) {
    await client.query(linesStatement, [from, to])
    await client.query(eventsStatement, [from, to])
  }
  await client.query('commit')
}

/** A document with four placeholders for what differs between orders. */
function documentTemplate(): string {
  const order = exampleOrder('@uid@', 0, () => 0.5)
  const item = order.items[0]
  if (item === undefined) throw new Error('the example order has no lines')
  const items = Array.from({ length: linesAnOrder }, () => ({ ...item, track_number: '@track@' }))
  const goodsTotal = item.total_price * linesAnOrder
  const payment = { ...order.payment, goods_total: goodsTotal, amount: goodsTotal + order.payment.delivery_cost }
  const own = { track_number: '@track@', customer_id: '@customer@', date_created: '@date@' }
  return JSON.stringify({ ...order, ...own, payment, items })
}

/** `hash` decides by chance what `age`, from 1 for the oldest down to 0, leaves open. */
const ordersStatement = `
  with numbered as (
    select number, ${uidOfNumber('number')} as uid, abs(hashint8(number)::bigint) as hash, 1 - number / $3::float8 as age,
           date_trunc('milliseconds', to_timestamp(($4::float8 + number * ($5::float8 / $3::int)) / 1000)) as created_at
      from generate_series($1::int, $2::int) as number
  ), decided as (
    select *, 'WBIL' || upper(substr(uid, 1, 12)) as track_number,
           case when hash % 100 = 7 then 'customer-large' else 'customer-' || hash / 100 % 50000 end as customer_id,
           case when age > 0.9 and number % greatest($3::int / 500, 1) = 0 then 'on_hold'
                when hash % 1000 < 30 then 'cancelled'
                when hash % 1000 < 40 then 'expired'
                when age < 0.02 and hash % 1000 < 340 then 'pending'
                when age < 0.05 then 'confirmed'
                else 'completed' end as status
      from numbered
  )
  insert into orders (order_uid, document, customer_id, track_number, currency, amount, created_at, status,
                      payment_status, delivery_status, version, updated_at)
  select uid,
         replace(replace(replace(replace($6::text, '@uid@', uid), '@track@', track_number), '@customer@', customer_id),
                 '@date@', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
         customer_id, track_number, 'EUR', 100000, created_at, status::order_status,
         (case status when 'pending' then 'unpaid'
                      when 'expired' then 'voided'
                      when 'cancelled' then case when hash % 2 = 0 then 'refunded' else 'voided' end
                      else case when hash % 1000 = 999 then 'partially_paid' else 'paid' end end)::payment_status,
         (case status when 'completed' then case when hash % 50 = 3 then 'returned' else 'delivered' end
                      when 'confirmed' then case when hash % 3 = 0 then 'shipped' else 'unfulfilled' end
                      else 'unfulfilled' end)::delivery_status,
         1, created_at
    from decided`

const linesStatement = `
  insert into order_items (order_uid, line, chrt_id, nm_id, price, sale, total_price)
  select ${uidOfNumber('number')}, line, 9934930 + number % 1000, 2389212 + number % 1000, 899000, 10, 809100
    from generate_series($1::int, $2::int) as number, generate_series(0, ${linesAnOrder - 1}) as line`

const eventsStatement = `
  insert into events (stream_id, sequence, type, recorded_at, data)
  select ${uidOfNumber('number')}, 1, 'order.placed', now(),
         '{"status":"confirmed","payment_status":"paid","delivery_status":"unfulfilled"}'
    from generate_series($1::int, $2::int) as number`
