import { bookedOrders } from '../orders/order-sql.ts'

/** SQL that other modules put into their own statements, so that the tables of payments are named here only. */

/** Payments with what they have come to. */
export const paymentRows =
  '(select order_uid, payment_id, provider, provider_ref, currency, captured, refunded, created_at from payments)'

/** How long the table of payments is. */
export const paymentBytes = "pg_relation_size('payments')"

/** Payments with what they have come to, in a part of their table. @param from the first place, such as (0,0); @param to the place behind the last one */
export const paymentsOfBlocks = (from: string, to: string) =>
  `(select payment_id, provider, provider_ref, currency, captured, refunded, created_at, updated_at
      from payments where ctid >= ${from}::tid and ctid < ${to}::tid)`

/** What was asked of providers. `settled_at` is when its outcome was known; null before. */
export const operationRows = `(select order_uid, payment_id, operation_id, kind, state, amount, provider_ref, settled_at
                                 from payment_operations)`

/** Disputes as they were last reported. */
export const disputeRows = '(select order_uid, payment_id, amount from payment_disputes)'

/** The payments that orders arrived with, as far as nothing has moved on them since: they have the id of their order. */
export const arrivedPayments = `(select order_uid, order_uid as payment_id, provider, null as provider_ref, currency, amount as captured
                                   from ${bookedOrders} arrived
                                  where arrived_paid and amount > 0
                                    and not exists (select from payments p where p.order_uid = arrived.order_uid))`
