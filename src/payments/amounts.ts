import { type Payment, type PaymentAction, capturableOf, heldOf, isOpen, isWaiting, refundableOf } from './payment.ts'
import type { Operation } from './payment.ts'
import type { PaymentAmounts } from './views.ts'

/** What callers are shown of a payment's money, and what they can ask of it. */

/** The sums of a payment as they are answered and told in events. */
export function amountsOf(payment: Payment): PaymentAmounts {
  return {
    authorized: payment.authorized,
    capturable: capturableOf(payment),
    captured: payment.captured,
    refunded: payment.refunded,
    pending_capture: payment.pendingCapture,
    pending_refund: payment.pendingRefund,
    disputed: payment.disputed,
  }
}

/** What decides on what can be asked of a payment, beside the payment. */
export type Surroundings = Readonly<{
  /** Whether the order is cancelled or expired. */
  isOrderClosed: boolean
  /** Whether people record its money, also because its provider is none of those that are configured. */
  isRecorded: boolean
  /** Those of the payment whose outcome is not known; settled ones are left aside. */
  operations: readonly Operation[]
}>

/** What can be asked of a payment now, in the order of `paymentActions`: what is asked later may be refused all the same. */
export function availableActionsOf(payment: Payment, surroundings: Surroundings): PaymentAction[] {
  const { isOrderClosed, isRecorded, operations } = surroundings
  const open = operations.filter(operation => operation.paymentId === payment.paymentId && isOpen(operation))
  const isHeldUp = open.some(operation => blocksCapture(operation, payment))
  const actions: PaymentAction[] = []
  if (!isRecorded && !isOrderClosed && !isHeldUp && capturableOf(payment) > 0) actions.push('capture')
  if (!isHeldUp && (heldOf(payment) > 0 || isWaiting(payment))) actions.push('void')
  if (!isRecorded && refundableOf(payment) > 0) actions.push('refund')
  if (isRecorded) actions.push('record')
  else actions.push('sync')
  return actions
}

/**
 * Whether an open operation keeps a payment from being captured and voided: a capture or a void, or an authorization of which the
 * provider has told nothing yet.
 */
export function blocksCapture({ kind, providerRef }: Operation, payment: Payment): boolean {
  if (kind === 'refund') return false
  return kind !== 'authorize' || !isWaiting(payment) || providerRef === undefined
}
