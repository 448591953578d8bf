import { setTimeout as sleep } from 'node:timers/promises'
import type { WakeUp } from '../events/wake-up.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'

/**
 * Sums up the log: how many orders came in within each ten seconds, and for how much in each currency. What came in is in
 * the order of the log, and orders are placed once, so each is counted once.
 */

/** Under this name its place is kept among the readers of the log. */
export const tallyReader = 'tally'

/** The length of a bucket. */
export const bucketSeconds = 10

/** Tallies are kept for so long; after that they can be made from the orders. */
const keptDays = 35

const pageEventsMax = 10_000
/** Often enough for a person who watches, and rare enough to sum up many orders at a time. */
const pauseMs = 1_000

type PageRow = { xid: string | null; position: string | null; found: number; tallies: unknown }

/** Sums up without writing: no transaction id is taken, so the readers of the log need not wait for this. */
const sumUp = `
  with page as materialized (
         select xid, position, order_uid, type, recorded_at
           from events_after($1::xid8, $2::bigint, $3)),
       last as (select xid, position from page order by xid desc, position desc limit 1),
       tallies as (
         select date_bin(make_interval(secs => ${bucketSeconds}), page.recorded_at, 'epoch') as bucket,
                o.currency, count(*) as orders, sum(o.amount)::text as amount
           from page
          cross join lateral (select currency, amount from orders where order_uid = page.order_uid limit 1) o
          where page.type = 'order.placed'
          group by 1, 2)
  select (select xid::text from last) as xid, (select position::text from last) as position,
         (select count(*)::int from page) as found,
         (select coalesce(json_agg(tallies), '[]') from tallies) as tallies`

/** One statement, so that the place moves with the sums; who finds that another has moved it writes nothing. */
const write = `
  with moved as (
         update log_readers
            set xid = $4::xid8, position = $5::bigint, updated_at = now()
          where name = $1 and xid = $2::xid8 and position = $3::bigint
      returning name)
  insert into order_tallies (bucket, currency, orders, amount)
  select t.bucket, t.currency, t.orders, t.amount
    from json_to_recordset($6::json) as t (bucket timestamptz, currency text, orders bigint, amount numeric)
   where exists (select from moved)
      on conflict (bucket, currency) do update
     set orders = order_tallies.orders + excluded.orders, amount = order_tallies.amount + excluded.amount`

/**
 * Sums up the next page of the log. Any number of instances may do it at once: one of them counts.
 *
 * @returns whether there may be more
 */
export async function tallyPage(pool: Pool): Promise<boolean> {
  const { rows: places } = await pool.query<{ xid: string; position: string }>(
    'select xid, position from log_readers where name = $1',
    [tallyReader],
  )
  const place = places[0]
  if (place === undefined) throw new Error('the tally has no place in the log')
  const { rows } = await pool.query<PageRow>(sumUp, [place.xid, place.position, pageEventsMax])
  const page = rows[0]
  if (page === undefined || page.xid === null) return false
  const values = [tallyReader, place.xid, place.position, page.xid, page.position, JSON.stringify(page.tallies)]
  await pool.query(write, values)
  return page.found === pageEventsMax
}

/** Removes tallies that nobody is shown any more. */
async function forgetOld(pool: Pool): Promise<void> {
  await pool.query('delete from order_tallies where bucket < now() - make_interval(days => $1)', [keptDays])
}

/** Keeps the tallies up to date until told to stop, through any outage of the database. */
export async function keepTallying(
  options: { pool: Pool; logGrown: WakeUp; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const { pool, logGrown, log } = options
  const pause = () => sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined)
  for (let failures = 0; !stop.aborted; ) {
    try {
      const rings = logGrown.rings()
      while (!stop.aborted && (await tallyPage(pool)));
      await forgetOld(pool)
      failures = 0
      await pause()
      await logGrown.next(rings, stop)
    } catch (error) {
      if (failures === 0) log.warn({ err: error }, 'the tallies of orders are behind; they will catch up')
      failures += 1
      await pause()
    }
  }
}
