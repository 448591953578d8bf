import { amountText } from '../platform/amount-text.ts'
import { type Draft, changePayment, emit, openIssue, paymentIn, putOperation } from './draft.ts'
import { operationData, paymentEvents } from './events.ts'
import { stateOf } from './moves.ts'
import { settledOperation } from './new-payment.ts'
import { type Failure, isOpen, isWaiting, type Operation, type Payment } from './payment.ts'
import type { PaymentReport } from './provider.ts'
import { recordRelease } from './release.ts'
import { heldForOrder, isOver, refit } from './suspense.ts'

/** What a report says of the authorization. Amounts only grow, so an older report adds nothing. */

/** Applies what was authorized, asked of the payer or refused. What was captured comes next, and then what was released. */
export function applyAuthorization(draft: Draft, paymentId: string, report: PaymentReport): void {
  const payment = paymentIn(draft, paymentId)
  const { authorization } = report
  switch (authorization.state) {
    case 'created':
      return
    case 'processing':
      if (isWaiting(payment) && payment.state !== 'processing')
        changePayment(draft, paymentId, { state: 'processing', nextAction: undefined })
      return
    case 'requires_action':
      askPayer(draft, payment, authorization.nextAction)
      return
    case 'failed':
      if (isWaiting(payment) && report.captured === 0) failPayment(draft, paymentId, authorization.failure)
      return
    case 'authorized':
      growAuthorization(draft, paymentId, authorization.amount, authorization.untilMs)
      return
    case 'voided':
    case 'expired':
      growAuthorization(draft, paymentId, authorization.amount)
      return
  }
}

/** Applies what was released: after captures, since what was captured is not. */
export function applyRelease(draft: Draft, paymentId: string, { authorization }: PaymentReport): void {
  const { state } = authorization
  if (state === 'voided' || state === 'expired') recordRelease(draft, paymentId, state)
}

function askPayer(draft: Draft, payment: Payment, nextAction: Payment['nextAction']): void {
  if (!isWaiting(payment)) return
  const isSame = payment.state === 'requires_action' && payment.nextAction?.url === nextAction?.url
  if (isSame) return
  const { paymentId } = payment
  changePayment(draft, paymentId, { state: 'requires_action', nextAction })
  emit(draft, paymentId, paymentEvents.actionRequired, { next_action: nextAction ?? null })
}

function growAuthorization(draft: Draft, paymentId: string, amount: number, untilMs?: number): void {
  const before = paymentIn(draft, paymentId)
  const authorized = Math.max(before.authorized, amount)
  if (authorized === before.authorized) {
    if (untilMs !== undefined && untilMs !== before.authorizedUntilMs)
      changePayment(draft, paymentId, { authorizedUntilMs: untilMs })
    return
  }
  // What was captured beyond the authorization that was known is covered by it now.
  const overcaptured = Math.max(0, before.overcaptured - (authorized - before.authorized))
  const after: Payment = { ...before, authorized, overcaptured, nextAction: undefined, failure: undefined }
  changePayment(draft, paymentId, {
    ...after,
    state: stateOf(after),
    authorizedUntilMs: untilMs ?? before.authorizedUntilMs,
  })
  const payment = refit(draft, paymentId, heldForOrder(before))
  const operation = authorizationOf(draft, paymentId)
  if (operation !== undefined) settleAuthorization(draft, operation, payment)
  draft.reason = `payment ${paymentId} was authorized`
  emit(draft, paymentId, paymentEvents.authorized, {
    ...(operation === undefined ? noOperation(paymentId) : operationData(operation)),
    operation_amount: authorized - before.authorized,
    authorized_until:
      payment.authorizedUntilMs === undefined ? null : new Date(payment.authorizedUntilMs).toISOString(),
  })
  if (authorized !== payment.amount)
    openIssue(draft, payment, {
      kind: 'amount_mismatch',
      subject: paymentId,
      amount: authorized,
      detail: `${amountText(authorized, payment.currency)} was authorized where ${amountText(payment.amount, payment.currency)} was asked for`,
    })
  if (payment.suspendedAuthorized > 0) openSuspended(draft, payment)
}

/** An authorization without an operation of ours. */
const noOperation = (paymentId: string) => ({ operation_id: paymentId, reason: '', actor: 'provider' })

function openSuspended(draft: Draft, payment: Payment): void {
  const { status } = draft.before.order.state
  openIssue(draft, payment, {
    kind: isOver(draft) ? 'late_payment' : 'overpaid',
    subject: payment.paymentId,
    amount: payment.suspendedAuthorized,
    detail: isOver(draft)
      ? `money was authorized for an order that is ${status}`
      : 'more was authorized than is left to be paid of the order',
  })
}

/** The authorization that a payment began with. */
export function authorizationOf(draft: Draft, paymentId: string): Operation | undefined {
  for (const operation of draft.operations.values())
    if (operation.paymentId === paymentId && operation.kind === 'authorize') return operation
  return undefined
}

/** Settles an authorization by what the payment has become; also one that was refused at first, and went through after all. */
function settleAuthorization(draft: Draft, operation: Operation, { providerRef }: Payment): void {
  if (operation.state !== 'succeeded')
    putOperation(draft, settledOperation(operation, { state: 'succeeded', providerRef }, draft.context.nowMs))
}

/** Records that nothing was authorized, and nothing will be. */
export function failPayment(draft: Draft, paymentId: string, failure: Failure): void {
  const operation = authorizationOf(draft, paymentId)
  changePayment(draft, paymentId, { state: 'failed', failure, nextAction: undefined })
  if (operation !== undefined && isOpen(operation))
    putOperation(draft, settledOperation(operation, { state: 'failed', failure }, draft.context.nowMs))
  draft.reason = `payment ${paymentId} failed`
  emit(draft, paymentId, paymentEvents.failed, {
    ...(operation === undefined ? { ...noOperation(paymentId), operation_amount: 0 } : operationData(operation)),
    operation: 'authorize',
    failure,
  })
}
