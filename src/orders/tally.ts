import { type Copy, copyOf } from '../platform/copy.ts'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import type { Pool } from '../platform/postgres.ts'
import type { NewOrder } from './new-order.ts'
import { bucketOf, mergeAfterSeconds } from './tally-buckets.ts'
import { recountTallies } from './tally-recount.ts'

/**
 * Tallies: how many orders came in within each ten seconds, and for how much in each currency. The transaction that writes
 * orders adds rows of its own, so that each order is counted once and transactions do not wait for each other. The rows of a
 * bucket are merged when it is past.
 */

/** How long tallies are kept; older ones can be made from the orders. */
const keptDays = 35

const pauseMs = 10_000
/** How far back buckets are merged. The first time all of them are. */
const mergeBackMs = 600_000

/** The sum is `amount + rest`. While a number can hold it `amount` is 0, which takes a tenth of the time. */
type Tally = { bucketMs: number; currency: string; orders: number; amount: bigint; rest: number }

/** The rows for the orders of one transaction: one for each currency of each bucket. */
export function copyOfTallies(orders: readonly NewOrder[]): Copy {
  const buckets = new Map<number, Map<string, Tally>>()
  for (const { order, placedAt } of orders) {
    const bucketMs = bucketOf(placedAt.getTime())
    const tallies = buckets.get(bucketMs) ?? new Map<string, Tally>()
    buckets.set(bucketMs, tallies)
    const { currency, amount } = order
    const tally = tallies.get(currency) ?? { bucketMs, currency, orders: 0, amount: 0n, rest: 0 }
    tallies.set(currency, tally)
    tally.orders += 1
    if (tally.rest + amount > Number.MAX_SAFE_INTEGER) {
      tally.amount += BigInt(tally.rest)
      tally.rest = 0
    }
    tally.rest += amount
  }
  const rows = [...buckets.values()].flatMap(tallies => [...tallies.values()])
  return copyOf('order_tallies', 'bucket, currency, orders, amount', rows, (tally, writer) => {
    writer.row(4)
    writer.timestamp(tally.bucketMs)
    writer.text(tally.currency)
    writer.bigint(tally.orders)
    writer.numeric(tally.amount + BigInt(tally.rest))
  })
}

/** Merges the rows of each past bucket into one. Several instances may do it at once. @param since leaves older buckets alone */
export async function mergeTallies(pool: Pool, since: Date): Promise<void> {
  await pool.query(
    `with many as (
       select bucket, currency
         from order_tallies
        where bucket >= $1 and bucket < now() - make_interval(secs => $2)
        group by bucket, currency
       having count(*) > 1
     ), taken as (
       delete from order_tallies t
        using many
        where t.bucket = many.bucket and t.currency = many.currency
       returning t.bucket, t.currency, t.orders, t.amount
     )
     insert into order_tallies (bucket, currency, orders, amount)
     select bucket, currency, sum(orders), sum(amount)
       from taken
      group by bucket, currency`,
    [since, mergeAfterSeconds],
  )
}

/** Removes tallies that are too old to be shown. */
async function removeOld(pool: Pool): Promise<void> {
  await pool.query('delete from order_tallies where bucket < now() - make_interval(days => $1)', [keptDays])
}

async function recount(pool: Pool, log: Logger): Promise<void> {
  const orders = await recountTallies(pool)
  if (orders > 0) log.info({ orders }, 'orders that an older version placed were added to the tallies')
}

/** Merges tallies, recounts after an upgrade and removes old ones, until told to stop. */
export async function runTallyMerge(
  options: { pool: Pool; now: () => number; isClockRight: () => boolean; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const { pool, now, isClockRight, log } = options
  let isRecounted = false
  let since = new Date(0)
  const run = async () => {
    await mergeTallies(pool, since)
    since = new Date(now() - mergeBackMs)
    if (!isRecounted) await recount(pool, log)
    isRecounted = true
    if (isClockRight()) await removeOld(pool)
  }
  await runPeriodically({ run, pauseMs, failure: 'the tallies of orders could not be merged', log }, stop)
}
