import { concerningEvents, droppedBefore, eventsOf, newestEvents, sampleOfEvents } from '../events/event-sql.ts'
import { streamChecks } from '../events/stream-checks.ts'
import type { Check } from '../platform/integrity.ts'
import { otherChanges } from './lifecycle.ts'
import {
  orderChanged,
  orderDeliveryCorrected,
  orderDeliveryStatusChanged,
  orderErased,
  orderPaymentStatusChanged,
} from './messages.ts'
import { initialState, type OrderState } from './order.ts'
import { waitsForPayment } from './order-locks.ts'
import { orderStream } from './order-stream.ts'
import { recipientChecks } from './recipient-checks.ts'
import { bucketSeconds } from './tally-buckets.ts'
import { unpaidExpiresAfterMs } from './variables.ts'

/** The checks of orders. What is compared with documents is in document-check.ts. */

/**
 * The log corrects the time of an event whose writer's clock is wrong by a day or more. Such a time has microseconds, while those
 * of the service have milliseconds.
 */
const isCorrected = (time: string) => `${time} <> date_trunc('milliseconds', ${time})`

const stateText = ({ status, paymentStatus, deliveryStatus }: OrderState) =>
  `'${status} ${paymentStatus} ${deliveryStatus}'`
const [paidAtFirst, unpaidAtFirst] = [stateText(initialState(true)), stateText(initialState(false))]

/** The changes that leave the status as it is. */
const others = otherChanges.map(change => `'${change}'`).join(', ')

/** The events of orders' own streams. */
const events = eventsOf(orderStream.type, 'order_uid')

/** The newest events of the log, whose orders the audit checks. */
const newestEventsMax = 200

/** Selects the uids of the orders of the newest events. */
export const newestUids = `
  select distinct stream_id as order_uid
    from ${newestEvents(newestEventsMax)} last
   where stream_type = '${orderStream.type}'`

/**
 * The orders of the newest events and their rows, under the names of the tables: a check behind these expressions reads nothing
 * else, and by index.
 */
export const newest = `
  sampled as (${newestUids}),
  orders as (select * from orders join sampled using (order_uid)),
  order_items as (select * from order_items join sampled using (order_uid)),
  events as (${sampleOfEvents(orderStream.type, 'sampled', 'order_uid')}),
  order_transitions as (select * from order_transitions join sampled using (order_uid)),
  order_command_receipts as (select * from order_command_receipts join sampled using (order_uid)),
  order_corrections as (select * from order_corrections join sampled using (order_uid)),`

/** How long past its deadline an unpaid order may wait for the sweep. */
const expiryToleranceMs = 60_000

/** Each selects the uids of the orders that break a rule. */
const ruleChecks: readonly Check[] = [
  {
    name: 'order-parts',
    sentence: 'lines, transitions, receipts and what concerns an order belong to one that is there',
    sql: `select order_uid
            from (select order_uid from order_items
                   union ${concerningEvents}
                   union select order_uid from order_transitions
                   union select order_uid from order_command_receipts
                   union select order_uid from order_corrections) part
           where not exists (select from orders o where o.order_uid = part.order_uid)`,
  },
  {
    name: 'order-state',
    sentence: 'the state of an order, and its time, are what its last event says',
    sql: `select o.order_uid
            from orders o
            join ${events} e on e.order_uid = o.order_uid and e.sequence = o.version
           cross join lateral json_to_record(e.data::json)
                           as said (status text, payment_status text, delivery_status text)
           where said.status is distinct from o.status::text
              or said.payment_status is distinct from o.payment_status::text
              or said.delivery_status is distinct from o.delivery_status::text
              or (e.recorded_at <> o.updated_at and not (${isCorrected('e.recorded_at')}))`,
  },
  {
    name: 'first-event',
    sentence: 'the first event of an order tells that it was placed, in the state that its payment leads to',
    sql: `select e.order_uid
            from ${events} e
            join (select order_uid, coalesce((document::json #>> '{payment,payment_dt}')::numeric, 0) > 0 as paid,
                         amount = 0 as is_free
                    from orders) o using (order_uid)
           cross join lateral json_to_record(e.data::json)
                           as said (status text, payment_status text, delivery_status text)
           where e.sequence = 1
             and (e.type <> 'order.placed'
                  or concat_ws(' ', said.status, said.payment_status, said.delivery_status)
                     -- An order of amount 0 is confirmed at once; before, it waited for a payment.
                     <> all (case when paid then array[${paidAtFirst}]
                                  when is_free then array[${paidAtFirst}, ${unpaidAtFirst}]
                                  else array[${unpaidAtFirst}] end))`,
  },
  {
    name: 'later-events',
    sentence: 'every later event of an order tells of a change that is in its history, and says the same',
    sql: `select e.order_uid
            from ${events} e
            left join order_transitions t on t.order_uid = e.order_uid and t.version = e.sequence
           cross join lateral json_to_record(e.data::json)
                           as said (status text, previous_status text, version text, reason text, actor text)
           where e.sequence > 1
             and (t.order_uid is null
                  or e.type <> case t.command when 'pay'     then '${orderPaymentStatusChanged.type}'
                                              when 'deliver' then '${orderDeliveryStatusChanged.type}'
                                              when 'correct' then '${orderDeliveryCorrected.type}'
                                              when 'erase'   then '${orderErased.type}'
                                              else 'order.' || t.to_status end
                  or (said.status, said.previous_status, said.version, said.reason, said.actor)
                     is distinct from (t.to_status::text, case when t.command not in (${others}) then t.from_status::text end,
                                       t.version::text, t.reason, t.actor)
                  or (e.recorded_at <> t.recorded_at and not (${isCorrected('e.recorded_at')})))`,
  },
  {
    name: 'order-history',
    sentence: 'the history of an order has each of its versions, and ends in its state',
    sql: `select o.order_uid
            from orders o
            left join (select order_uid, count(*) as changes, min(version) as first, max(version) as last
                         from order_transitions group by order_uid) t using (order_uid)
            left join order_transitions e on e.order_uid = o.order_uid and e.version = o.version
           where o.version - 1 <> coalesce(t.changes, 0)
              or t.first <> 2
              or t.last <> o.version
              or e.to_status <> o.status
              or e.recorded_at <> o.updated_at`,
  },
  {
    name: 'status-changes',
    sentence: 'every change of status is in the history, from the status before',
    sql: `select order_uid
            from (select t.order_uid, t.from_status::text as from_status,
                         coalesce(lag(t.to_status::text) over (partition by t.order_uid order by t.version),
                                  (select p.data::json ->> 'status' from ${events} p
                                    where p.order_uid = t.order_uid and p.sequence = 1)) as previous
                    from order_transitions t) t
           where from_status <> previous`,
  },
  {
    name: 'payment-status-changes',
    sentence: 'what is paid of an order changes with an event that says so only, from what was paid before',
    sql: `select e.order_uid
            from ${events} e
            join ${events} p on p.order_uid = e.order_uid and p.sequence = e.sequence - 1
           cross join lateral json_to_record(e.data::json) as said (payment_status text, previous_payment_status text)
           cross join lateral json_to_record(p.data::json) as before (payment_status text)
           where e.sequence > 1
             and (coalesce(said.previous_payment_status, said.payment_status) is distinct from before.payment_status
                  or said.previous_payment_status = said.payment_status
                  or (said.previous_payment_status is null) = (e.type = '${orderPaymentStatusChanged.type}')
                     and e.type <> '${orderChanged.confirmed.type}')`,
  },
  {
    name: 'delivery-status-changes',
    sentence: 'what is delivered of an order changes with an event that says so only, from what was delivered before',
    sql: `select e.order_uid
            from ${events} e
            join ${events} p on p.order_uid = e.order_uid and p.sequence = e.sequence - 1
           cross join lateral json_to_record(e.data::json) as said (delivery_status text, previous_delivery_status text)
           cross join lateral json_to_record(p.data::json) as before (delivery_status text)
           where e.sequence > 1
             and (coalesce(said.previous_delivery_status, said.delivery_status) is distinct from before.delivery_status
                  or said.previous_delivery_status = said.delivery_status
                  or (said.previous_delivery_status is null) = (e.type = '${orderDeliveryStatusChanged.type}')
                     and e.type <> '${orderChanged.completed.type}')`,
  },
]

/** Tallies are kept for 35 days; those of the last may be partly removed. */
const talliedDays = 34

/** An index holds just the orders that this check reads. */
const expiryCheck: Check = {
  name: 'order-expiry',
  sentence: 'no unpaid order waits longer than it may, unless its payment is under way',
  sql: `select order_uid from orders where ${waitsForPayment('$2')} and updated_at < $1`,
  audited: 'all',
  values({ nowMs, value }) {
    const expiresAfterMs = value(unpaidExpiresAfterMs)
    return expiresAfterMs === undefined
      ? undefined
      : [nowMs - expiresAfterMs - expiryToleranceMs, nowMs - expiryToleranceMs].map(ms => new Date(ms).toISOString())
  },
}

/** Selects the buckets and currencies with wrong sums; only the whole database can be checked. */
const tallyCheck: Check = {
  name: 'order-totals',
  sentence: 'the sums of the overview are those of the orders that were placed',
  sql: `select text
          from (select greatest(date_bin('${bucketSeconds} seconds', now() - interval '${talliedDays} days', timestamptz 'epoch'),
                                ${droppedBefore} + interval '${bucketSeconds} seconds') as since) b
         cross join lateral (
           with placed as (
             select date_bin('${bucketSeconds} seconds', e.recorded_at, timestamptz 'epoch') as bucket, o.currency,
                    count(*) as orders, sum(o.amount) as amount, bool_or(${isCorrected('e.recorded_at')}) as is_corrected
               from ${events} e join orders o using (order_uid)
              where e.sequence = 1 and e.recorded_at >= b.since
              group by 1, 2
           ), kept as (
             select bucket, currency, sum(orders) as orders, sum(amount) as amount
               from order_tallies
              where bucket >= b.since
              group by 1, 2
           )
           select p.currency || ' in the ten seconds from ' || p.bucket as text
             from (select bucket, currency, p.orders, p.amount, k.orders as kept_orders, k.amount as kept_amount
                     from placed p full join kept k using (bucket, currency)) p
            where (orders, amount) is distinct from (kept_orders, kept_amount)
              -- The sums have the times of the clock that was wrong.
              and not coalesce((select bool_or(is_corrected) from placed), false)
         ) wrong`,
}

/** All checks of orders. The audit runs all but that of the sums on the newest orders. */
export const orderChecks: readonly Check[] = [
  ...[...streamChecks(orderStream), ...ruleChecks, ...recipientChecks].map(check => ({
    ...check,
    audited: 'newest' as const,
  })),
  expiryCheck,
  tallyCheck,
]
