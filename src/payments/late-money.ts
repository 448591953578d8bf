import { blocksCapture } from './amounts.ts'
import { changePayment, type Draft, openIssue, openOperations, paymentIn, putOperation } from './draft.ts'
import { requestedOperation } from './new-payment.ts'
import { heldOf, isWaiting, type Operation, type Payment, refundableOf } from './payment.ts'
import { isRecordedPayment } from './provider.ts'
import { heldForOrder, isOver } from './suspense.ts'

/**
 * Sends money back that is not the order's. It requests operations, which a worker sends. Each thing is asked for once: what a provider
 * has refused is left to a person.
 */

/** Who asked, where nobody in person did. */
const ownActor = 'payments'

/**
 * Requests what a change of a payment calls for: the void of what is held for nothing, and the refund of money that was suspended just
 * now (PAYMENT_LATE_POLICY). As much is paid back as was suspended, whichever refund took it out of suspense.
 */
export function sendBack(draft: Draft, paymentId: string): void {
  if (isRecordedPayment(paymentIn(draft, paymentId), draft.context.rules.providers)) return
  voidIfUnwanted(draft, paymentId)
  if (draft.context.rules.latePolicy === 'refund')
    requestRefund(draft, paymentId, draft.newlySuspended, reasonOf(draft), ownActor)
  draft.newlySuspended = 0
}

/**
 * Requests the void of a payment that is not wanted, once nothing of it is under way that could still capture it. One that failed is left
 * to a person.
 *
 * @param isAgain also if one has failed: it was for another reason
 */
export function voidIfUnwanted(
  draft: Draft,
  paymentId: string,
  { reason = reasonOf(draft), actor = ownActor, isAgain = false } = {},
): void {
  const payment = paymentIn(draft, paymentId)
  if (!isUnwanted(draft, payment)) return
  if (openOperations(draft, paymentId).some(operation => blocksCapture(operation, payment))) return
  const failed = ofKind(draft, paymentId, 'void').findLast(({ state }) => state === 'failed')
  if (failed !== undefined && !isAgain) {
    leaveHeld(draft, failed)
    return
  }
  const amount = isWaiting(payment) ? payment.amount : heldOf(payment)
  request(draft, payment, { kind: 'void', amount, reason, actor })
}

/** Tells a person of what is still held for an order that is over: its void has failed. */
export function leaveHeld(draft: Draft, { paymentId, operationId, failure }: Operation): void {
  const payment = paymentIn(draft, paymentId)
  const held = heldOf(payment)
  if (!isOver(draft) || held === 0) return
  openIssue(draft, payment, {
    kind: 'unmatched_money',
    subject: operationId,
    amount: held,
    detail: `the authorization of an order that is over could not be voided: ${failure?.message ?? ''}`,
  })
}

/** Whether a payment holds, or may come to hold, money that the order has no use for. */
function isUnwanted(draft: Draft, payment: Payment): boolean {
  if (isWaiting(payment)) return isOver(draft)
  const held = heldOf(payment)
  if (held === 0) return false
  // Authorized while the order was open, and closed since: that is not late.
  if (isOver(draft) && heldForOrder(payment) > 0) return true
  if (hasFinalCapture(draft, payment)) return true
  return payment.suspendedAuthorized === held && draft.context.rules.latePolicy === 'refund'
}

/** Whether a capture was to release what is left. Most providers do it with the capture. */
function hasFinalCapture(draft: Draft, { paymentId }: Payment): boolean {
  return ofKind(draft, paymentId, 'capture').some(({ isFinal, state }) => isFinal && state === 'succeeded')
}

/** Requests a refund of as much of an amount as is refundable. */
export function requestRefund(draft: Draft, paymentId: string, atMost: number, reason: string, actor: string): void {
  const payment = paymentIn(draft, paymentId)
  const amount = Math.min(atMost, refundableOf(payment))
  if (amount <= 0) return
  request(draft, payment, { kind: 'refund', amount, reason, actor })
  changePayment(draft, paymentId, { pendingRefund: payment.pendingRefund + amount })
}

type Wanted = Pick<Operation, 'kind' | 'amount' | 'reason' | 'actor'>

function request(draft: Draft, payment: Payment, wanted: Wanted): void {
  const { context } = draft
  putOperation(draft, requestedOperation(payment, { operationId: context.newOperationId(), ...wanted }, context))
}

function ofKind(draft: Draft, paymentId: string, kind: Operation['kind']): Operation[] {
  return [...draft.operations.values()].filter(
    operation => operation.paymentId === paymentId && operation.kind === kind,
  )
}

function reasonOf(draft: Draft): string {
  return isOver(draft) ? `the order is ${draft.before.order.state.status}` : 'not needed for the order'
}
