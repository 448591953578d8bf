import { newestEvents } from '../events/event-sql.ts'
import type { Pool } from '../platform/postgres.ts'
import { orderPlaced } from './messages.ts'
import { type OrderStatus, orderStatuses } from './order.ts'
import type { CurrencySum, LatestOrder, Series } from './overview-view.ts'
import { bucketSeconds } from './tally-buckets.ts'

/** Sums the orders that came in since an instant by currency, the one with the most orders first. */
export async function readSums(pool: Pool, sinceMs: number): Promise<CurrencySum[]> {
  const { rows } = await pool.query<{ currency: string; orders: string; amount: string }>(
    `select currency, sum(orders)::text as orders, sum(amount)::text as amount
       from order_tallies
      where bucket >= $1
      group by currency
      order by sum(orders) desc, currency`,
    [new Date(sinceMs)],
  )
  return rows.map(({ currency, orders, amount }) => ({ currency, orders: Number(orders), amount }))
}

/**
 * Counts the orders that came in within equal parts of the time up to now; the last part is not over yet.
 *
 * @param seconds the length of a part, a multiple of a bucket's
 * @param count how many parts
 */
export async function readSeries(pool: Pool, nowMs: number, seconds: number, count: number): Promise<Series> {
  if (seconds % bucketSeconds !== 0) throw new RangeError(`${seconds} s is not a multiple of ${bucketSeconds} s`)
  const lastMs = Math.floor(nowMs / (seconds * 1000)) * seconds * 1000
  const fromMs = lastMs - (count - 1) * seconds * 1000
  const { rows } = await pool.query<{ part: number; orders: string }>(
    `select (extract(epoch from bucket - $1) / $2)::int as part, sum(orders)::text as orders
       from (select date_bin(make_interval(secs => $2), bucket, $1) as bucket, orders
               from order_tallies
              where bucket >= $1 and bucket < $3) parts
      group by bucket`,
    [new Date(fromMs), seconds, new Date(lastMs + seconds * 1000)],
  )
  const orders = new Array<number>(count).fill(0)
  for (const { part, orders: sum } of rows) orders[part] = Number(sum)
  return { from: new Date(fromMs).toISOString(), seconds, orders }
}

/** How many of the newest events are searched for placed orders: a bound for a day on which only statuses change. */
const latestEventsMax = 1_000

/** Reads the orders that came in last, newest first. */
export async function readLatest(pool: Pool, count: number): Promise<LatestOrder[]> {
  const { rows } = await pool.query<Omit<LatestOrder, 'placed_at' | 'amount'> & { placed_at: Date; amount: string }>(
    `select o.order_uid, e.recorded_at as placed_at, o.customer_id, o.currency, o.amount, o.status
       from (select stream_id as order_uid, recorded_at
               from ${newestEvents(latestEventsMax)} newest
              where type = '${orderPlaced.type}'
              order by xid desc, position desc
              limit $1) e
      cross join lateral (select * from orders where order_uid = e.order_uid limit 1) o
      order by e.recorded_at desc, o.order_uid`,
    [count],
  )
  return rows.map(row => ({ ...row, placed_at: row.placed_at.toISOString(), amount: Number(row.amount) }))
}

/** Counts the orders in each status, from one index alone. */
export async function countByStatus(pool: Pool): Promise<Record<OrderStatus, number>> {
  const { rows } = await pool.query<{ status: OrderStatus; orders: string }>(
    'select status, count(*)::text as orders from orders group by status',
  )
  const counts = Object.fromEntries(orderStatuses.map(status => [status, 0])) as Record<OrderStatus, number>
  for (const { status, orders } of rows) counts[status] = Number(orders)
  return counts
}
