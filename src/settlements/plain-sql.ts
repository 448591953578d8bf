import { bookedTransfers } from '../ledger/transfer-sql.ts'
import { operationRows, paymentRows } from '../payments/payment-sql.ts'
import { feeAmount, isOfPayment, isOfSettlements, restFound } from './comparison-sql.ts'

/**
 * Setting lines aside that plainly match, which most lines of a file do: the provider's reference names one payment, amount and currency
 * are the payment's, and no other line has to do with it. It takes a tenth of what comparing a line costs, most of it while the file is
 * still being read. All other lines go into `settlement_rest`, and are compared by `comparison-sql.ts`: a line too many there costs time, a
 * line too few would be a wrong result.
 *
 * Transactions are short, so that the readers of the event log need not wait for them.
 */

/** Of a payment, and of the operation where the line names one: the line is what was captured or refunded. */
const isPlain = `
  p.currency = l.currency and l.fee_off = 0
  and case when l.kind = 'dispute' then false
           when o.operation_id is not null then o.state = 'succeeded' and o.amount = abs(l.amount)
           else abs(l.amount) = case l.kind when 'payment' then p.captured else p.refunded end end`

/** Puts those lines of the rows $2 to $3 into the rest that do not match by themselves. $1 is the provider. */
export const addRest = `
  insert into settlement_rest (row)
  select l.row
    from settlement_lines l
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
   where l.row between $2 and $3 and l.${isOfPayment}
   group by l.row
  having count(*) > 1 or not coalesce(bool_and(${isPlain}), false)`

/** Notes the lines that stand in the file already. Few ids have the same hash, and grouping texts takes several times as long. */
export const noteRepeats = `
  insert into settlement_repeats (row)
  select row
    from (select row, row_number() over (partition by kind, line_id order by row) as nth
            from settlement_lines
           where hashtextextended(line_id, 0)
                 in (select hashtextextended(line_id, 0) from settlement_lines group by 1 having count(*) > 1)) same
   where nth > 1`

const repeats = 'insert into settlement_rest (row) select row from settlement_repeats on conflict do nothing'

const ofOnePayment = `
  insert into settlement_rest (row)
  select row from settlement_lines
   where ${isOfPayment}
     and hashtextextended(payment_ref, 0) in (select hashtextextended(payment_ref, 0)
                                                from settlement_lines where ${isOfPayment} group by 1 having count(*) > 1)
      on conflict do nothing`

const feeBookedOtherwise = `
  insert into settlement_rest (row)
  select l.row
    from settlement_lines l
    join (select kind, currency, amount, substr(left(transfer_id, -length(':fee')), length('settlement:' || $1::text || ':') + 1) as line_id
            from ${bookedTransfers} t where ${isOfSettlements('t')} and right(transfer_id, 4) = ':fee') b using (line_id)
   where l.${isOfPayment}
     and (b.kind, b.currency, b.amount)
         is distinct from (case when ${feeAmount} > 0 then 'fee' else 'fee_reversal' end, l.net_currency, abs(${feeAmount}))
      on conflict do nothing`

/** Lines of payments that a line of the rest names otherwise, such as by our id. */
const namedOtherwise = `
  with ${restFound}
  insert into settlement_rest (row)
  select l.row from found f join settlement_lines l on l.payment_ref = f.provider_ref where l.${isOfPayment}
      on conflict do nothing`

/**
 * Puts lines into the rest that match by themselves, and not beside the others: repeated ones, several of one payment, and those whose fee
 * is booked otherwise.
 */
export const addTogether = [
  { sql: repeats, takesProvider: false },
  { sql: ofOnePayment, takesProvider: false },
  { sql: feeBookedOtherwise, takesProvider: true },
  { sql: 'analyze settlement_rest', takesProvider: false },
  { sql: namedOtherwise, takesProvider: true },
] as const
