import { changePayment, type Draft, paymentIn } from './draft.ts'
import { heldOf, isWaiting, type Payment } from './payment.ts'
import { isClosed, totalsOf } from './totals.ts'

/**
 * Which money is the order's. Money is, as far as it fits into the order's amount beside everything else that is open, authorized or
 * kept, and while the order is neither cancelled nor expired. Other money is suspended: it is booked to suspense when it is captured,
 * and counts in no total of the order.
 */

/** What of the order's amount a payment can take up with money that is captured or held, beside what it has captured already. */
export function budgetOf(draft: Draft, paymentId: string): number {
  const { order, isSold } = draft.before
  const payment = paymentIn(draft, paymentId)
  const others = [...draft.payments.values()].filter(other => other.paymentId !== paymentId)
  const totals = totalsOf(order, others, isSold)
  const captured = totals.captured + payment.captured - payment.suspended
  const refunded = totals.refunded + payment.refunded - payment.suspendedRefunded
  return Math.max(0, order.amount - totals.open - totals.authorized - Math.max(0, captured - refunded))
}

/** Whether the order takes no more money. */
export function isOver(draft: Draft): boolean {
  return isClosed(draft.before.order.state.status)
}

/** What is held of a payment and is the order's. */
export function heldForOrder(payment: Payment): number {
  return isWaiting(payment) ? 0 : heldOf(payment) - payment.suspendedAuthorized
}

/**
 * Settles again which part of what is held is the order's: what fits. For an order that is over, nothing is added to it.
 *
 * @param heldBefore what was held for the order before the change that is decided on
 */
export function refit(draft: Draft, paymentId: string, heldBefore?: number): Payment {
  const payment = paymentIn(draft, paymentId)
  const held = isWaiting(payment) ? 0 : heldOf(payment)
  const fitting = isOver(draft) ? (heldBefore ?? heldForOrder(payment)) : budgetOf(draft, paymentId)
  const suspendedAuthorized = held - Math.min(held, fitting)
  return suspendedAuthorized === payment.suspendedAuthorized
    ? payment
    : changePayment(draft, paymentId, { suspendedAuthorized })
}
