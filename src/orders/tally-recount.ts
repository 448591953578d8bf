import { eventsOf, logReaders } from '../events/event-sql.ts'
import { deleteReaders } from '../events/readers.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { orderStream } from './order-stream.ts'
import { bucketSeconds } from './tally-buckets.ts'

/**
 * While a database of a version without tallies is migrated, older instances may place orders, until migration 0021 changes the log
 * that they write to. Migration 0018 stores a checkpoint in the log; the orders behind it that are in no tally are added.
 */
const reader = 'tally-recount'

/**
 * Adds the orders that were placed during an upgrade and are in no tally, and removes the checkpoint. Several instances may do it at
 * once: the first locks the checkpoint, and the others then find none.
 *
 * @returns how many orders were added
 */
export function recountTallies(pool: Pool): Promise<number> {
  return inTransaction(pool, async client => {
    const { rowCount } = await client.query(`select from ${logReaders} readers where name = $1 for update`, [reader])
    if (rowCount === 0) return 0
    const { rows } = await client.query<{ orders: string }>(
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
         returning orders
       )
       select coalesce(sum(orders), 0)::text as orders from added`,
      [reader, bucketSeconds],
    )
    await deleteReaders(client, [reader])
    return Number(rows[0]?.orders ?? 0)
  })
}
