import { bookedTransfers } from '../ledger/transfer-sql.ts'
import { operationRows, paymentRows } from '../payments/payment-sql.ts'
import { feeAmount, isOfPayment, isOfSettlements, restFound } from './comparison-sql.ts'

/**
 * Setting lines aside that plainly match, which most lines of a file do: the provider's reference names one payment, amount and currency
 * are the payment's, and no other line has to do with it. It takes a tenth of what comparing a line costs. All other lines go into
 * `settlement_rest`, and are compared by `comparison-sql.ts`: a line too many there costs time, a line too few would be a wrong result.
 *
 * These statements select rows and write nothing: a transaction that writes for seconds would hold up the readers of the event log.
 */

/** Of a payment, and of the operation where the line names one: the line is what was captured or refunded. */
const isPlain = `
  p.currency = l.currency and l.fee_off = 0
  and case when l.kind = 'dispute' then false
           when o.operation_id is not null then o.state = 'succeeded' and o.amount = abs(l.amount)
           else abs(l.amount) = case l.kind when 'payment' then p.captured else p.refunded end end`

/** Those lines of `settlement_unsure` that do not match by themselves. $1 is the provider. */
export const unplain = `
  select l.row
    from settlement_lines l
    join settlement_unsure using (row)
    left join ${paymentRows} p on p.provider = $1 and p.provider_ref = l.payment_ref
    left join lateral (
           select o.operation_id, o.state, o.amount
             from ${operationRows} o
            -- Nothing is looked up for a line that names none.
            where o.order_uid = case when l.own_ref is not null or l.operation_ref <> l.payment_ref then p.order_uid end
              and o.payment_id = p.payment_id
              and o.kind = case l.kind when 'payment' then 'capture' when 'refund' then 'refund' end
              and (o.provider_ref = l.operation_ref and o.provider_ref is distinct from p.provider_ref
                   or o.operation_id = l.own_ref)) o on true
   where l.${isOfPayment}
   group by l.row
  having count(*) > 1 or not coalesce(bool_and(${isPlain}), false)`

/** Lines that stand in the file already. Only ids that may come twice are grouped: grouping all takes as long as adding them. */
export const repeats = `
  select row
    from (select row, row_number() over (partition by kind, line_id order by row) as nth
            from settlement_lines
           where line_id in (select line_id from settlement_seen)) same
   where nth > 1`

/** Lines of a payment that other lines name too. */
export const ofOnePayment = `
  select row
    from (select row, count(*) over (partition by payment_ref) as lines
            from settlement_lines
           where ${isOfPayment} and payment_ref in (select payment_ref from settlement_seen)) same
   where lines > 1`

const fees = `
  (select transfer_id, kind, currency, amount, substr(left(transfer_id, -length(':fee')), length('settlement:' || $1::text || ':') + 1) as line_id
     from ${bookedTransfers} t where ${isOfSettlements('t')} and right(transfer_id, 4) = ':fee')`

/**
 * Compares fees with the books. $1 is the provider.
 *
 * @param among all lines, or those whose id may come again
 * @returns each row whose fee is booked otherwise, and the row 0 with how many are not booked
 */
export const feesBooked = (among: 'all' | 'seen') => `
  select case when b.transfer_id is null then 0 else l.row end as row, count(*)::int as lines
    from settlement_lines l
    left join ${fees} b using (line_id)
   where ${among === 'all' ? 'true' : 'l.line_id in (select s.line_id from settlement_seen s)'}
     and (b.transfer_id is null and ${feeAmount} <> 0
          or b.transfer_id is not null and l.${isOfPayment}
             and (b.kind, b.currency, b.amount)
                 is distinct from (case when ${feeAmount} > 0 then 'fee' else 'fee_reversal' end, l.net_currency, abs(${feeAmount})))
   group by 1`

/** Lines of payments that a line of the rest names otherwise, such as by our id. */
export const namedOtherwise = `
  with ${restFound}
  select l.row from found f join settlement_lines l on l.payment_ref = f.provider_ref where l.${isOfPayment}`
