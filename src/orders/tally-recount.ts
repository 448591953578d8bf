import { advisoryLocks } from '../advisory-locks.ts'
import { eventsOf, logReaders } from '../events/event-sql.ts'
import { deleteReaders } from '../events/readers.ts'
import type { Logger } from '../platform/log.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { orderStream } from './order-stream.ts'
import { bucketSeconds, mergeAfterSeconds } from './tally-buckets.ts'

/**
 * During a rolling upgrade, instances of a version without tallies may place orders. The migration has stored a checkpoint in the
 * log; the orders behind it that are in no tally are added.
 */

const reader = 'tally-recount'
/** An upgrade that takes longer than this leaves the sums short by the later orders of old instances. */
const recountedHours = 1

/** What a recount has done. `isOver`: no more are due. */
export type Recount = { isOver: boolean; orders: number }

/**
 * Adds the orders that were placed since an upgrade and are in no tally, in buckets that are past. Several instances may do it at
 * once.
 */
export function recountTallies(pool: Pool): Promise<Recount> {
  return inTransaction(pool, async client => {
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.tallyRecount])
    const { rows } = await client.query<{ is_over: boolean }>(
      `select updated_at < now() - make_interval(hours => $2) as is_over from ${logReaders} readers where name = $1`,
      [reader, recountedHours],
    )
    const [state] = rows
    if (state === undefined) return { isOver: true, orders: 0 }
    const { rows: added } = await client.query<{ orders: string }>(
      `with upgrade as (
         select xid, position, date_bin(make_interval(secs => $2), updated_at, 'epoch') - interval '1 minute' as since
           from ${logReaders} readers
          where name = $1
       ), placed as (
         select date_bin(make_interval(secs => $2), e.recorded_at, 'epoch') as bucket, o.currency,
                count(*) as orders, sum(o.amount) as amount
           from upgrade u
           join ${eventsOf(orderStream.type, 'order_uid')} e on (e.xid, e.position) > (u.xid, u.position) and e.recorded_at >= u.since
           join orders o using (order_uid)
          where e.sequence = 1
          group by 1, 2
       ), kept as (
         select bucket, currency, sum(orders) as orders, sum(amount) as amount
           from order_tallies
          where bucket >= (select since from upgrade)
          group by 1, 2
       ), added as (
         insert into order_tallies (bucket, currency, orders, amount)
         select bucket, currency, p.orders - coalesce(k.orders, 0), p.amount - coalesce(k.amount, 0)
           from placed p
           left join kept k using (bucket, currency)
          where p.orders > coalesce(k.orders, 0)
            and p.amount >= coalesce(k.amount, 0)
            and bucket < now() - make_interval(secs => $3)
         returning orders
       )
       select coalesce(sum(orders), 0)::text as orders from added`,
      [reader, bucketSeconds, mergeAfterSeconds],
    )
    if (state.is_over) await deleteReaders(client, [reader])
    return { isOver: state.is_over, orders: Number(added[0]?.orders ?? 0) }
  })
}

/**
 * Schedules the recounts of an instance: the first a minute after its start, each next one after twice the time, so that all of
 * them together read the log about twice.
 *
 * @param nowMs a monotonic clock
 * @returns a function that recounts if a recount is due
 */
export function createRecounting(pool: Pool, nowMs: () => number, log: Logger): () => Promise<void> {
  let pauseMs = 60_000
  let dueMs = nowMs() + pauseMs
  let isOver = false
  return async () => {
    if (isOver || nowMs() < dueMs) return
    const recount = await recountTallies(pool)
    isOver = recount.isOver
    if (recount.orders > 0)
      log.info({ orders: recount.orders }, 'orders that an older version placed were added to the tallies')
    pauseMs = Math.min(2 * pauseMs, 20 * 60_000)
    dueMs = nowMs() + pauseMs
  }
}
