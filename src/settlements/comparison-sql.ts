import { bookedTransfers } from '../ledger/transfer-sql.ts'
import { arrivedPayments, disputeRows, operationRows, paymentRows } from '../payments/payment-sql.ts'

/**
 * One statement that compares the lines that are left with the payments: those that plainly match were set aside (`plain-sql.ts`). $1 is
 * the provider; $2 and $3 are the period in which payments are expected to be settled, or null. It only reads: a transaction that writes
 * for seconds would hold up the readers of the event log.
 */

export const isOfPayment = "kind in ('payment', 'refund', 'dispute')"

/** The id of the transfer of a fee or a payout. @param id of the line, or of a payout that its lines come to */
export const transferId = (id: string, kind: 'fee' | 'payout') =>
  `'settlement:' || $1::text || ':' || ${id} || ':${kind}'`

/** What is booked as the fee of a line of the table `l`: a line of fees is one as a whole, and a payout may cost something. */
export const feeAmount = "(case l.kind when 'fee' then -l.net else l.fee end)"
/** And as its payout. */
export const payoutAmount = '-(l.net + l.fee)'

/** Narrows transfers down to those of the provider's settlements. @param table of the transfers */
export const isOfSettlements = (table: string) =>
  `${table}.transfer_id > 'settlement:' || $1::text || ':' and ${table}.transfer_id < 'settlement:' || $1::text || ';'`

/** All lines, with whether they stand in the file already. */
export const allLines =
  '(select l.*, r.row is not null as is_repeated from settlement_lines l left join settlement_repeats r using (row))'

/** What the lines of each payout come to in each currency, without repeated ones; null without any. */
export const payoutSums = `
  (select payout, currency, sum(lines)::int as lines, case when sum(lines) > 0 then sum(lines_net) end as lines_net,
          case when sum(payouts) > 0 then sum(payout_net) end as payout_net
     from (select * from settlement_payouts
            union all
           select payout, net_currency, -(kind <> 'payout')::int, case when kind <> 'payout' then -net else 0 end,
                  -(kind = 'payout')::int, case when kind = 'payout' then -net else 0 end
             from settlement_lines join settlement_repeats using (row)
            where payout is not null) parts
    group by payout, currency
   having sum(lines) + sum(payouts) > 0)`

/** Lines that were set aside: they match. */
export const plainLines = `(select * from settlement_lines l where l.${isOfPayment} and not exists (select from settlement_rest r where r.row = l.row))`

/** All others. */
export const otherLines = `(select * from ${allLines} l where not (l.${isOfPayment}) or exists (select from settlement_rest r where r.row = l.row))`

const lines = `
  lines as materialized (select l.* from ${allLines} l join settlement_rest using (row) where l.${isOfPayment})`

/** One step of finding payments: what the steps before it have found is left out. */
const step = (name: string, before: string | undefined, joins: string, refunded = 'p.refunded') => `
  ${name} as materialized (
    select distinct on (l.row) l.row, p.order_uid, p.payment_id, p.provider_ref, p.currency, p.captured, ${refunded} as refunded
      from lines l ${joins}
     where p.provider = $1
       ${before === undefined ? '' : `and not exists (select from ${before} f where f.row = l.row)`}
     order by l.row, p.payment_id
  )`

/** By the provider's reference, by our id, by an operation, and the payments that orders arrived with by the order's id. */
const found = `
  ${step('by_reference', undefined, `join ${paymentRows} p on p.provider_ref = l.payment_ref`)},
  ${step('by_id', 'by_reference', `join ${paymentRows} p on p.payment_id = l.own_ref`)},
  found_first as materialized (select * from by_reference union all select * from by_id),
  left_over as materialized (
    select row, own_ref, operation_ref from lines l
     where coalesce(own_ref, operation_ref) is not null and not exists (select from found_first f where f.row = l.row)
  ),
  operations_named as materialized (
    select l.row, o.order_uid, o.payment_id from left_over l join ${operationRows} o on o.operation_id = l.own_ref
     union all
    select l.row, o.order_uid, o.payment_id from left_over l join ${operationRows} o on o.provider_ref = l.operation_ref
  ),
  ${step('by_operation', 'found_first', `join operations_named n on n.row = l.row join ${paymentRows} p on (p.order_uid, p.payment_id) = (n.order_uid, n.payment_id)`)},
  found_next as materialized (select * from found_first union all select * from by_operation),
  ${step('by_order', 'found_next', `join ${arrivedPayments} p on p.payment_id = l.own_ref`, '0')},
  found as materialized (select * from found_next union all select * from by_order)`

/** The lines that are left, as `lines`, and their payments, as `found`. */
export const restFound = `${lines}, ${found}`

/** Each line with its payment, the operation that it names (not by a reference that is the payment's too), and what all lines of its kind come to for the payment. */
const paired = `
  paired as (
    select l.*, f.order_uid, f.payment_id, f.currency as ours_currency,
           case l.kind when 'payment' then f.captured when 'refund' then f.refunded end as ours_total,
           o.operation_id,
           case when o.state = 'succeeded' or l.kind = 'refund' and l.amount > 0 then o.amount else 0 end as operation_amount,
           sum(case when l.is_repeated then 0 else l.amount end) over of_payment as lines_total,
           b.transfer_id is not null
             and (b.kind, b.currency, b.amount)
                 is distinct from (case when ${feeAmount} > 0 then 'fee' else 'fee_reversal' end, l.net_currency, abs(${feeAmount}))
             as is_fee_booked_otherwise,
           row_number() over (partition by f.order_uid, f.payment_id, l.kind, o.operation_id, sign(l.amount), l.is_repeated
                                  order by l.row) as nth_of_operation
      from lines l
      left join found f using (row)
      left join ${bookedTransfers} b on b.transfer_id = ${transferId('l.line_id', 'fee')}
      left join lateral (
             select o.operation_id, o.state, o.amount from ${operationRows} o
              where coalesce(l.operation_ref, l.own_ref) is not null
                and (o.order_uid, o.payment_id) = (f.order_uid, f.payment_id)
                and o.kind = case l.kind when 'payment' then 'capture' when 'refund' then 'refund' end
                and (o.provider_ref = l.operation_ref and o.provider_ref is distinct from f.provider_ref
                     or o.operation_id = l.own_ref)
              order by o.operation_id limit 1) o on true
    window of_payment as (partition by f.order_uid, f.payment_id, l.kind)
  )`

/** A line fits the operation that it names. One that names none fits as a part of all lines, or as one operation among several. */
const hasAmount = `
  case when kind = 'dispute' then
         exists (select from ${disputeRows} d where (d.order_uid, d.payment_id) = (p.order_uid, p.payment_id)
                                                and d.amount = abs(p.amount))
       when operation_id is not null then operation_amount = abs(amount)
       else abs(lines_total) = ours_total
         or abs(lines_total) < ours_total
            and exists (select from ${operationRows} o
                         where (o.order_uid, o.payment_id) = (p.order_uid, p.payment_id) and o.amount = abs(p.amount)
                           and o.kind = case p.kind when 'payment' then 'capture' else 'refund' end and o.state = 'succeeded')
  end`

const compared = `
  compared as materialized (
    select row, line_id, kind, order_uid, payment_id, coalesce(operation_ref, payment_ref, own_ref) as reference,
           currency, amount, net_currency, fee, ours_currency, case when operation_id is null then ours_total else operation_amount end as ours_amount,
           case when is_repeated or operation_id is not null and nth_of_operation > 1 then 'duplicate'
                when payment_id is null then 'missing_here'
                when currency <> ours_currency then 'currency_differs'
                when not ${hasAmount} then 'amount_differs'
                when fee_off <> 0 or is_fee_booked_otherwise then 'fee_differs'
                else 'matched' end as result
      from paired p
  )`

const captured = `select * from ${paymentRows} p where p.provider = $1 and p.captured > 0`
const listed = `${captured} and p.provider_ref in (select u.provider_ref from settlement_unnamed u)`

/**
 * Which payments may be missing in the file: any, those of `settlement_unnamed`, or those and payments that have no reference or one that
 * cannot be listed.
 */
export type Unnamed = 'any' | 'listed' | 'listed or odd'

const candidates: Readonly<Record<Unnamed, string>> = {
  any: captured,
  listed,
  'listed or odd': `
  ${captured} and (p.provider_ref is null or strpos(p.provider_ref, E'\\n') > 0)
   union all
  ${listed}`,
}

/** Payments that were captured in the period, and that no line names as a payment. */
const missingThere = (unnamed: Unnamed) => `
  missing_there as materialized (
    select p.order_uid, p.payment_id, p.provider_ref, p.currency, p.captured
      from (${candidates[unnamed]}) p
     where exists (select from ${operationRows} o
                    where (o.order_uid, o.payment_id) = (p.order_uid, p.payment_id)
                      and o.kind = 'capture' and o.state = 'succeeded' and o.settled_at between $2 and $3)
       and not exists (select from compared c
                        where c.kind = 'payment' and (c.order_uid, c.payment_id) = (p.order_uid, p.payment_id))
       and not exists (select from ${plainLines} l where l.kind = 'payment' and l.payment_ref = p.provider_ref)
  )`

/** What was set aside, for a report of everything: a payment has the reference, and what is here is what the line says. */
const plain = `
  select 1 as part, l.row, l.line_id, l.kind, p.order_uid, p.payment_id, coalesce(l.operation_ref, l.payment_ref), l.currency, l.amount,
         l.net_currency, l.fee, p.currency, abs(l.amount), 'matched'
    from ${plainLines} l join ${paymentRows} p on p.provider = $1 and p.provider_ref = l.payment_ref`

/**
 * Selects the count of each result first, without lines that were set aside, then what is not matched, or everything.
 *
 * @param isWhole whether what is matched is listed
 * @param unnamed payments that no line names that was set aside
 */
export function comparison(isWhole: boolean, unnamed: Unnamed): string {
  return `
    with ${restFound}, ${paired}, ${compared}, ${missingThere(unnamed)}
    select 0 as part, null::int as row, null as line_id, null as kind, null as order_uid, null as payment_id, null as reference,
           null as currency, count(*)::bigint as amount, null as net_currency, null::bigint as fee, null as ours_currency,
           null::bigint as ours_amount, result
      from compared group by result
     union all
    select 0, null, null, null, null, null, null, null, count(*), null, null, null, null, 'missing_there' from missing_there
     union all
    (select 1, row, line_id, kind, order_uid, payment_id, reference, currency, amount, net_currency, fee, ours_currency, ours_amount, result
      from compared ${isWhole ? '' : "where result <> 'matched'"}
      order by row)
     union all
    ${isWhole ? `${plain} union all` : ''}
    select 2, null, null, 'payment', order_uid, payment_id, provider_ref, null, null, null, null, currency, captured, 'missing_there'
      from missing_there`
}
