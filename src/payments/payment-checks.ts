import { droppedBefore, eventsOf } from '../events/event-sql.ts'
import { streamChecks } from '../events/stream-checks.ts'
import { paymentTransfers, receivables, soldOrders } from '../ledger/transfer-sql.ts'
import { bookedOrders, orderStatuses } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'
import { paymentStreamType } from './events.ts'
import { issueStreamType } from './issue-events.ts'
import { issueStream, paymentStream } from './payment-stream.ts'

/** What must hold of payments, their operations, their books and issues. Each selects what breaks it. */

const events = eventsOf(paymentStreamType, 'payment_id')
const issueEvents = eventsOf(issueStreamType, 'issue_id')

/** A sum of transfers by their kinds: those that add to it and those that take from it. */
const sumOf = (added: readonly string[], taken: readonly string[]) => {
  const amounts = (kinds: readonly string[]) =>
    `coalesce(sum(amount) filter (where kind in (${kinds.map(kind => `'${kind}'`).join(', ')})), 0)`
  return taken.length === 0 ? amounts(added) : `${amounts(added)} - ${amounts(taken)}`
}

/** How long past its time an operation may wait for a worker. */
const overdueToleranceMs = 120_000

const ruleChecks: readonly Check[] = [
  {
    name: 'payment-parts',
    sentence:
      'payments and sales have totals, totals have an order, and operations, disputes and issues belong to a payment that is there',
    sql: `select p.payment_id from payments p left join payment_totals t using (order_uid) where t.order_uid is null
           union all
          select t.order_uid from payment_totals t left join ${bookedOrders} o using (order_uid) where o.order_uid is null
           union all
          select s.order_uid from ${soldOrders} s left join payment_totals t using (order_uid) where t.order_uid is null
           union all
          select o.operation_id from payment_operations o left join payments p using (order_uid, payment_id) where p.payment_id is null
           union all
          select d.dispute_ref from payment_disputes d left join payments p using (order_uid, payment_id) where p.payment_id is null
           union all
          select i.issue_id from payment_issues i left join payments p using (order_uid, payment_id)
           where i.order_uid is not null and p.payment_id is null`,
  },
  {
    name: 'payment-totals',
    sentence: "the totals of an order's payments are their sums, its amount and its currency",
    sql: `select t.order_uid
            from payment_totals t
            join ${bookedOrders} o using (order_uid)
            left join (select order_uid,
                              sum(case when state in ('processing', 'requires_action') then amount else 0 end) as open,
                              sum(case when state in ('processing', 'requires_action') then 0
                                       else authorized + overcaptured - captured - released - suspended_authorized end) as authorized,
                              sum(captured - suspended) as captured,
                              sum(refunded - suspended_refunded) as refunded,
                              sum(greatest(0, disputed - (suspended - suspended_refunded - accepted))) as disputed
                         from payments group by order_uid) p using (order_uid)
           where (t.currency, t.amount) is distinct from (o.currency, o.amount)
              or (t.open, t.authorized, t.captured, t.refunded, t.disputed)
                 is distinct from (coalesce(p.open, 0), coalesce(p.authorized, 0), coalesce(p.captured, 0), coalesce(p.refunded, 0),
                                   coalesce(p.disputed, 0))
              or (t.is_sold and not o.arrived_paid) <> (t.order_uid in (select order_uid from ${soldOrders} s) and not o.arrived_paid)
              or (o.arrived_paid and not t.is_sold)`,
  },
  {
    name: 'payment-status',
    sentence:
      'the payment status of an order is what its payments come to; all of their money, if the order is cancelled or expired',
    sql: `select t.order_uid
            from payment_totals t
            join ${orderStatuses} o using (order_uid)
            join (select order_uid, sum(captured) as captured, sum(refunded) as refunded, sum(disputed) as disputed,
                         sum(case when state in ('processing', 'requires_action') then 0
                                  else authorized + overcaptured - captured - released end) as authorized,
                         bool_or(state in ('voided', 'expired')) as is_over
                    from payments group by order_uid) p using (order_uid)
           cross join lateral (
                  select p.authorized, p.captured, p.refunded, p.disputed where o.status in ('cancelled', 'expired')
                   union all
                  select t.authorized, t.captured, t.refunded, t.disputed where o.status not in ('cancelled', 'expired')) m
           where o.payment_status::text
                 <> case when m.captured = 0 and m.authorized > 0 then 'authorized'
                         when m.captured = 0 and t.open = 0 and p.is_over then 'voided'
                         when m.captured = 0 then 'unpaid'
                         when m.captured - m.refunded - m.disputed <= 0 then 'refunded'
                         when m.refunded + m.disputed > 0 then 'partially_refunded'
                         when m.captured < t.amount then 'partially_paid'
                         else 'paid' end`,
  },
  {
    name: 'payment-receivable',
    sentence:
      'an order owes in the books what is left to be paid of its sale, and nothing once it is cancelled or expired',
    sql: `select t.order_uid
            from payment_totals t
            join ${orderStatuses} o using (order_uid)
            left join ${receivables} r using (order_uid)
           where coalesce(r.owed, 0)
                 <> case when t.is_sold and o.status not in ('cancelled', 'expired') then greatest(0, t.amount - t.captured) else 0 end`,
  },
  {
    name: 'payment-amounts',
    sentence:
      'what was refunded and disputed was captured, what was captured was authorized, and what is under way is asked for',
    sql: `select p.payment_id
            from payments p
            left join (select order_uid, payment_id,
                              sum(amount) filter (where kind = 'capture') as captures,
                              sum(amount) filter (where kind = 'refund') as refunds
                         from payment_operations
                        where next_attempt_at is not null group by order_uid, payment_id) o using (order_uid, payment_id)
           where refunded + disputed > captured + overdrawn
              or overdrawn > greatest(0, refunded + disputed - captured)
              or captured > authorized + overcaptured
              or pending_capture <> least(coalesce(o.captures, 0),
                                          case when state in ('processing', 'requires_action') then 0
                                               else authorized + overcaptured - captured - released end)
              or pending_refund <> least(coalesce(o.refunds, 0), greatest(0, captured - refunded))
              or disputed <> (select coalesce(sum(d.amount), 0) from payment_disputes d
                               where d.order_uid = p.order_uid and d.payment_id = p.payment_id and d.state <> 'won')`,
  },
  {
    name: 'payment-state',
    sentence: 'the state of a payment, its amounts and its time are what its last event says',
    sql: `select p.payment_id
            from payments p
            join ${events} e on e.payment_id = p.payment_id and e.sequence = p.version
           cross join lateral json_to_record(e.data::json)
                           as said (provider text, provider_ref text, state text, currency text, amount bigint, amounts json)
           cross join lateral json_to_record(said.amounts)
                           as sums (authorized bigint, captured bigint, refunded bigint, disputed bigint)
           where (said.provider, said.provider_ref, said.state, said.currency, said.amount, sums.authorized, sums.captured,
                  sums.refunded, sums.disputed)
                 is distinct from (p.provider, p.provider_ref, p.state, p.currency, p.amount, p.authorized, p.captured, p.refunded,
                                   p.disputed)
              or e.recorded_at <> p.updated_at`,
  },
  {
    name: 'payment-times',
    sentence: 'the events of a payment are in the order of their times',
    sql: `select payment_id
            from (select payment_id, recorded_at,
                         lag(recorded_at) over (partition by payment_id order by sequence) as previous
                    from ${events} e) e
           where recorded_at < previous`,
  },
  {
    name: 'payment-beginning',
    sentence:
      'a payment begins with its authorization, waits for an action only while it says so, and has a failure only if it failed',
    sql: `select p.payment_id
            from payments p
           where (p.payment_id <> p.order_uid
                  and p.created_at is distinct from (select min(o.requested_at) from payment_operations o
                                                      where o.order_uid = p.order_uid and o.payment_id = p.payment_id
                                                        and o.kind = 'authorize'))
              or (p.next_action is not null and p.state <> 'requires_action')
              or (p.failure_code is null) <> (p.failure_message is null)
              or (p.failure_code is not null and p.captured > 0)`,
  },
  {
    name: 'payment-operations',
    sentence:
      'each operation that succeeded is told by an event of its payment, with its amount, reason, actor and items',
    sql: `select o.operation_id
            from payment_operations o
           where (o.state = 'succeeded' and o.kind <> 'void'
                  and (${droppedBefore} is null or o.settled_at >= ${droppedBefore})
                  and not exists (
                    select from ${events} e
                     cross join lateral json_to_record(e.data::json)
                                     as said (operation_id text, operation_amount bigint, reason text, actor text, rids json)
                     where e.payment_id = o.payment_id
                       and e.type = case o.kind when 'authorize' then 'payment.authorized' when 'capture' then 'payment.captured'
                                                else 'payment.refunded' end
                       and said.operation_id = o.operation_id
                       and (o.kind = 'authorize' or said.operation_amount = o.amount)
                       and said.reason = o.reason and said.actor = o.actor
                       and (o.kind <> 'refund' or said.rids::jsonb = to_jsonb(o.rids))
                       and e.recorded_at >= o.settled_at))
              or (o.kind <> 'refund' and o.rids <> '{}')
              or (o.method_token is not null and o.next_attempt_at is null)
              or (o.failure_code is not null or o.failure_message is not null) and o.state = 'succeeded'`,
  },
  {
    name: 'payment-transfers',
    sentence:
      'each capture and refund that succeeded is in the books with its amount, and each transfer has its operation',
    sql: `select coalesce(o.operation_id, t.operation_id)
            from (select * from payment_operations where kind in ('capture', 'refund')) o
            full join (select order_uid, payment_id, operation_id, ${sumOf(['capture', 'suspense'], [])} as captured,
                              ${sumOf(['refund', 'suspense_refund'], ['refund_reversal', 'suspense_refund_reversal', 'suspense'])} as refunded
                         from ${paymentTransfers} t
                        where operation_id is not null
                        group by order_uid, payment_id, operation_id) t using (order_uid, payment_id, operation_id)
           where o.kind is null
              or case when o.state = 'succeeded' then o.amount else 0 end
                 <> coalesce(case o.kind when 'capture' then t.captured else t.refunded end, 0)`,
  },
  {
    name: 'payment-books',
    sentence: 'what payments have captured, refunded, suspended and lost to disputes is what is booked of them',
    sql: `select p.payment_id
            from payments p
            left join (select order_uid, payment_id,
                              ${sumOf(['capture', 'refund_reversal'], ['refund'])} as kept,
                              ${sumOf(['suspense', 'suspense_refund_reversal'], ['suspense_refund', 'suspense_release'])} as suspended,
                              ${sumOf(['suspense_release'], [])} as accepted,
                              ${sumOf(['dispute'], ['dispute_reversal'])} as disputed,
                              coalesce(bool_or(kind = 'capture' and operation_id is null), false) as has_arrival
                         from ${paymentTransfers} t group by order_uid, payment_id) t using (order_uid, payment_id)
           where p.captured - p.suspended - p.refunded + p.suspended_refunded
                   - case when p.payment_id = p.order_uid and not coalesce(t.has_arrival, false) then p.amount else 0 end <> coalesce(t.kept, 0)
              or p.suspended - p.suspended_refunded - p.accepted <> coalesce(t.suspended, 0)
              or p.accepted <> coalesce(t.accepted, 0)
              or p.disputed <> coalesce(t.disputed, 0)`,
  },
  {
    name: 'payment-disputes',
    sentence: 'each dispute is told by an event of its payment',
    sql: `select d.dispute_ref
            from payment_disputes d
           where (${droppedBefore} is null or d.updated_at >= ${droppedBefore})
             and not exists (select from ${events} e
                              where e.payment_id = d.payment_id and e.type in ('payment.disputed', 'payment.dispute_closed')
                                and e.data::json ->> 'dispute_ref' = d.dispute_ref)`,
  },
  {
    name: 'payment-issues',
    sentence: 'an issue is what the event says that told of it, and it is open until one says how it was resolved',
    sql: `select i.issue_id
            from payment_issues i
            left join ${issueEvents} e on e.issue_id = i.issue_id and e.type = 'payment.issue_resolved'
            left join lateral json_to_record(e.data::json) as said (action text, reason text, actor text) on true
           where (said.action, said.reason, said.actor, e.recorded_at)
                 is distinct from (i.action, i.reason, i.actor, i.resolved_at)
             and (${droppedBefore} is null or i.resolved_at is null or i.resolved_at >= ${droppedBefore})
           union all
          select i.issue_id
            from payment_issues i
            left join ${issueEvents} e on e.issue_id = i.issue_id and e.sequence = 1
            left join lateral json_to_record(e.data::json)
                           as said (kind text, subject text, payment_id text, provider text, currency text, amount bigint, detail text) on true
           where (said.kind, said.subject, said.payment_id, said.provider, said.currency, said.amount, said.detail, e.type, e.recorded_at)
                 is distinct from (i.kind, i.subject, i.payment_id, i.provider, i.currency, i.amount, i.detail, 'payment.issue_opened', i.opened_at)
             and (e.issue_id is not null or ${droppedBefore} is null or i.opened_at >= ${droppedBefore})`,
  },
]

/** An index holds just the operations that this check reads. */
const overdueCheck: Check = {
  name: 'payments-overdue',
  sentence: 'no operation waits longer for a worker than it may',
  sql: 'select operation_id from payment_operations where next_attempt_at < $1',
  audited: 'all',
  values: ({ nowMs }) => [new Date(nowMs - overdueToleranceMs).toISOString()],
}

export const paymentChecks: readonly Check[] = [
  ...streamChecks(paymentStream).map(check => named(check, 'payment')),
  ...streamChecks(issueStream).map(check => named(check, 'payment-issue')),
  ...ruleChecks,
  overdueCheck,
]

/** Each kind of stream has checks of its own. */
function named(check: Check, of: string): Check {
  return { ...check, name: `${of}-${check.name}` }
}
