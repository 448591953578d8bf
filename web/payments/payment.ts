import type { OperationKind, OperationState, PaymentState } from '../../src/payments/payment.ts'
import type { OperationView, PaymentAmounts, PaymentView, PaymentWithOperationsView } from '../../src/payments/views.ts'

/** A payment as lists give it; with its operations, as its own page and its order's do. */
export type Payment = PaymentView
export type PaymentWithOperations = PaymentWithOperationsView
export type Operation = OperationView

export type { OperationKind }

/** The states of payments, in the order in which they are offered as a filter. */
export const states = [
  'requires_action',
  'processing',
  'authorized',
  'partially_captured',
  'captured',
  'failed',
  'voided',
  'expired',
] as const satisfies readonly PaymentState[]

/** The tone of each state of a payment, and of an operation. */
export const tones: Record<PaymentState | OperationState, string> = {
  requires_action: 'waiting',
  processing: 'waiting',
  authorized: 'active',
  captured: 'good',
  partially_captured: 'active',
  failed: 'bad',
  voided: 'plain',
  expired: 'plain',
  requested: 'waiting',
  sent: 'waiting',
  succeeded: 'good',
  unknown: 'attention',
}

/** What has become of captured money: the payer's bank has taken it back, or it was refunded; undefined: neither. */
export function returnedOf({ captured, refunded, disputed }: PaymentAmounts) {
  if (disputed > 0) return 'disputed'
  if (refunded === 0) return undefined
  return refunded < captured ? 'partially_refunded' : 'refunded'
}

/** What can still be refunded, by the rule of the service. */
export function refundableOf({ captured, refunded, pending_refund: pending, disputed }: PaymentAmounts): number {
  return Math.max(0, captured - refunded - pending - disputed)
}

/** What is left to be paid of an order, as far as its payments tell; the service decides. */
export function leftToPay(orderAmount: number, payments: readonly Payment[]): number {
  const taken = payments.map(({ state, amount, amounts }) =>
    state === 'processing' || state === 'requires_action'
      ? amount
      : amounts.capturable + amounts.pending_capture + amounts.captured - amounts.refunded,
  )
  return Math.max(0, orderAmount - taken.reduce((sum, amount) => sum + amount, 0))
}

/** Whether the outcome of something is still to come without anybody doing anything here. */
export function isUnderWay({ state, operations }: PaymentWithOperations): boolean {
  return (
    ['processing', 'requires_action'].includes(state) ||
    operations.some(operation => ['requested', 'sent', 'unknown'].includes(operation.state))
  )
}
