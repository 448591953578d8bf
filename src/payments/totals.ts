import type { OrderStatus, PaymentStatus } from '../orders/order.ts'
import type { OrderPayments } from './changes.ts'
import { heldOf, isWaiting, type Payment, type PaymentTotals, suspendedLeftOf } from './payment.ts'

/** What the payments of an order come to, and what follows from it for the order. Money that is suspended is not the order's. */

/** Whether nothing more is to be paid for an order in this status, or delivered. */
export function isClosed(status: OrderStatus): boolean {
  return status === 'cancelled' || status === 'expired'
}

/** Sums payments of one order, in the currency's minor unit. */
export function totalsOf(
  { currency, amount }: Pick<OrderPayments['order'], 'currency' | 'amount'>,
  payments: Iterable<Payment>,
  isSold: boolean,
): PaymentTotals {
  let [open, authorized, captured, refunded, disputed] = [0, 0, 0, 0, 0]
  for (const payment of payments) {
    if (isWaiting(payment)) open += payment.amount
    else authorized += heldOf(payment) - payment.suspendedAuthorized
    captured += payment.captured - payment.suspended
    refunded += payment.refunded - payment.suspendedRefunded
    // What the bank takes back is taken out of suspended money first, as refunds are.
    disputed += Math.max(0, payment.disputed - suspendedLeftOf(payment))
  }
  return { currency, amount, open, authorized, captured, refunded, disputed, isSold }
}

/** What of the order's amount is neither open nor authorized nor kept. */
export function roomOf({ amount, open, authorized, captured, refunded }: PaymentTotals): number {
  return Math.max(0, amount - open - authorized - Math.max(0, captured - refunded))
}

/**
 * The order's `payment_status`. It is derived from the money that moved, so it may go back: a refund fails later, a dispute is won.
 *
 * Of an open order money beyond its amount is left aside: it is on its way back, and the order is paid. Of an order that is cancelled or
 * expired all money counts: as long as some of it is with us the status says so, whatever it was captured for.
 *
 * @param payments all of the order's
 */
export function paymentStatusOf(
  { status }: Pick<OrderPayments['order']['state'], 'status'>,
  totals: PaymentTotals,
  payments: Iterable<Payment>,
): PaymentStatus {
  const all = [...payments]
  const { amount, open } = totals
  const { authorized, captured, refunded, disputed } = isClosed(status) ? moneyOf(all) : totals
  if (captured === 0) {
    if (authorized > 0) return 'authorized'
    const isOver = open === 0 && all.some(({ state }) => state === 'voided' || state === 'expired')
    return isOver ? 'voided' : 'unpaid'
  }
  if (captured - refunded - disputed <= 0) return 'refunded'
  if (refunded + disputed > 0) return 'partially_refunded'
  return captured < amount ? 'partially_paid' : 'paid'
}

/** All money of payments, also what is suspended. */
function moneyOf(
  payments: readonly Payment[],
): Pick<PaymentTotals, 'authorized' | 'captured' | 'refunded' | 'disputed'> {
  let [authorized, captured, refunded, disputed] = [0, 0, 0, 0]
  for (const payment of payments) {
    if (!isWaiting(payment)) authorized += heldOf(payment)
    captured += payment.captured
    refunded += payment.refunded
    disputed += payment.disputed
  }
  return { authorized, captured, refunded, disputed }
}

/** Whether the payments are enough for the order to be confirmed. */
export function isCovered(totals: PaymentTotals, confirmOn: 'paid' | 'covered'): boolean {
  const { amount, authorized, captured, refunded, disputed } = totals
  return captured - refunded - disputed + (confirmOn === 'covered' ? authorized : 0) >= amount
}

/** How long payments that are under way keep their order from expiring; undefined when none is. */
export function pendingUntilOf(payments: Iterable<Payment>, holdMaxMs: number): number | undefined {
  let untilMs: number | undefined
  for (const payment of payments)
    if (isWaiting(payment)) untilMs = Math.max(untilMs ?? 0, payment.createdAtMs + holdMaxMs)
  return untilMs
}
