import { type Draft, book, changePayment, emit, openIssue, openOperations, paymentIn, putOperation } from './draft.ts'
import { operationData, paymentEvents } from './events.ts'
import { settledOperation } from './new-payment.ts'
import {
  type Failure,
  heldOf,
  isWaiting,
  type Operation,
  type Payment,
  type PaymentState,
  suspendedLeftOf,
} from './payment.ts'
import { budgetOf, heldForOrder, isOver, refit } from './suspense.ts'

/** What operations do to a payment and to the books when money has moved: each is a fact, which is recorded whatever was expected. */

/** The state that follows from what is held and captured; otherwise the one that it has. */
export function stateOf(payment: Payment): PaymentState {
  const held = heldOf(payment)
  if (payment.captured > 0) return held > 0 ? 'partially_captured' : 'captured'
  return held > 0 ? 'authorized' : payment.state
}

/**
 * Records that money was captured: as the order's, as far as it fits, and as suspended beyond that.
 *
 * @param operation the capture; it is settled with what it has captured
 * @param amount what was captured, more than 0; what was authorized or released grows or shrinks to it
 */
export function recordCapture(draft: Draft, operation: Operation, amount: number): void {
  const { paymentId, operationId } = operation
  const before = paymentIn(draft, paymentId)
  const heldBefore = heldForOrder(before)
  const fitting = isOver(draft) ? 0 : Math.min(amount, budgetOf(draft, paymentId))
  putOperation(draft, settledOperation(operation, { state: 'succeeded', amount }, draft.context.nowMs))
  const captured = before.captured + amount
  const overcaptured = Math.max(before.overcaptured, captured - before.authorized)
  const allowed = before.authorized + overcaptured - captured
  const after: Payment = {
    ...before,
    captured,
    overcaptured,
    released: Math.min(before.released, allowed),
    suspended: before.suspended + amount - fitting,
    suspendedAuthorized: 0,
    failure: undefined,
    nextAction: undefined,
  }
  changePayment(draft, paymentId, { ...after, state: stateOf(after) })
  capPending(draft, paymentId)
  const payment = refit(draft, paymentId, heldBefore)
  draft.cause = operationId
  draft.reason = `payment ${paymentId} was captured`
  draft.receivableCredited += fitting
  draft.newlySuspended += amount - fitting
  book(draft, payment, { kind: 'capture', transferId: operationId, amount: fitting, operationId })
  book(draft, payment, {
    kind: 'suspense',
    transferId: `${operationId}:suspense`,
    amount: amount - fitting,
    operationId,
  })
  emit(draft, paymentId, paymentEvents.captured, operationData(operation, amount))
  if (amount > fitting)
    openIssue(draft, payment, {
      kind: isOver(draft) ? 'late_payment' : 'overpaid',
      subject: operationId,
      amount: amount - fitting,
      detail: isOver(draft)
        ? `money was captured for an order that is ${draft.before.order.state.status}`
        : 'more was captured than is left to be paid of the order',
    })
}

/** Records that money was paid back: out of suspended money first. @param operation the refund; it is settled with the amount */
export function recordRefund(draft: Draft, operation: Operation, amount: number, ref = operation.providerRef): void {
  const { paymentId, operationId } = operation
  const before = paymentIn(draft, paymentId)
  const suspended = Math.min(amount, suspendedLeftOf(before))
  putOperation(
    draft,
    settledOperation(operation, { state: 'succeeded', amount, providerRef: ref }, draft.context.nowMs),
  )
  changePayment(draft, paymentId, {
    refunded: before.refunded + amount,
    suspendedRefunded: before.suspendedRefunded + suspended,
  })
  capPending(draft, paymentId)
  const payment = noteOverdraft(draft, paymentId)
  draft.cause = operationId
  draft.reason = `payment ${paymentId} was refunded`
  book(draft, payment, { kind: 'refund', transferId: operationId, amount: amount - suspended, operationId })
  book(draft, payment, {
    kind: 'suspense_refund',
    transferId: `${operationId}:suspense`,
    amount: suspended,
    operationId,
  })
  emit(draft, paymentId, paymentEvents.refunded, { ...operationData(operation, amount), rids: operation.rids })
}

/**
 * Records that a refund that had succeeded failed later: the money is back at the provider. What of it does not fit into the order any
 * more, since the order was paid again meanwhile, is suspended.
 */
export function recordRefundReversal(draft: Draft, operation: Operation, failure: Failure): void {
  const { paymentId, operationId, amount } = operation
  const before = paymentIn(draft, paymentId)
  const suspended = Math.min(amount, before.suspendedRefunded)
  const rest = amount - suspended
  // What is held of this payment takes room as well.
  const room = Math.max(0, budgetOf(draft, paymentId) - heldForOrder(before))
  const beyond = Math.min(Math.max(0, rest - room), before.captured - before.suspended)
  putOperation(draft, settledOperation(operation, { state: 'failed', failure }, draft.context.nowMs))
  changePayment(draft, paymentId, {
    refunded: before.refunded - amount,
    suspendedRefunded: before.suspendedRefunded - suspended,
    suspended: before.suspended + beyond,
  })
  capPending(draft, paymentId)
  const payment = noteOverdraft(draft, paymentId)
  const id = `${operationId}:failed`
  draft.cause = id
  draft.reason = `a refund of payment ${paymentId} failed`
  book(draft, payment, { kind: 'refund_reversal', transferId: id, amount: rest - beyond, operationId })
  book(draft, payment, {
    kind: 'suspense_refund_reversal',
    transferId: `${id}:suspense`,
    amount: suspended,
    operationId,
  })
  book(draft, payment, { kind: 'suspense', transferId: `${id}:excess`, amount: beyond, operationId })
  tellRefundFailed(draft, operation, failure)
}

/** Tells that a refund failed, and leaves it to a person: it is not repeated by itself. */
export function tellRefundFailed(draft: Draft, operation: Operation, failure: Failure): void {
  const { paymentId, operationId, amount } = operation
  emit(draft, paymentId, paymentEvents.refundFailed, { ...operationData(operation), failure })
  openIssue(draft, paymentIn(draft, paymentId), {
    kind: 'refund_failed',
    subject: operationId,
    amount,
    detail: `a refund failed: ${failure.message}`,
  })
}

/**
 * Sums what is under way. What was moved at the provider meanwhile leaves less for it, and one of both will be refused.
 *
 * @returns the payment as it is then
 */
export function capPending(draft: Draft, paymentId: string): Payment {
  const payment = paymentIn(draft, paymentId)
  const sum = (operations: readonly Operation[]) => operations.reduce((total, { amount }) => total + amount, 0)
  const held = isWaiting(payment) ? 0 : heldOf(payment)
  const pendingCapture = Math.min(sum(openOperations(draft, paymentId, 'capture')), held)
  const pendingRefund = Math.min(
    sum(openOperations(draft, paymentId, 'refund')),
    Math.max(0, payment.captured - payment.refunded),
  )
  if (pendingCapture === payment.pendingCapture && pendingRefund === payment.pendingRefund) return payment
  return changePayment(draft, paymentId, { pendingCapture, pendingRefund })
}

/** Notes what was paid back and taken back beyond what was captured: a person has to get it from the payer. */
export function noteOverdraft(draft: Draft, paymentId: string): Payment {
  const { refunded, disputed, captured, overdrawn } = paymentIn(draft, paymentId)
  const beyond = Math.max(0, refunded + disputed - captured)
  if (beyond === overdrawn) return paymentIn(draft, paymentId)
  const payment = changePayment(draft, paymentId, { overdrawn: beyond })
  if (beyond > 0)
    openIssue(draft, payment, {
      kind: 'unmatched_money',
      subject: `${paymentId}:overdrawn`,
      amount: beyond,
      detail: 'more was paid back and taken back than had been captured',
    })
  return payment
}
