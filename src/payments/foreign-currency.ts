import { issueKey, type OrderPayments } from './changes.ts'
import { changePayment, type Draft, openIssue, openOperations, putOperation, settleIssue } from './draft.ts'
import { settledOperation } from './new-payment.ts'
import { postponed } from './pauses.ts'
import { isWaiting, type Operation, type Payment } from './payment.ts'
import type { PaymentReport } from './provider.ts'
import { failPayment } from './report-authorization.ts'

/**
 * A payment that its provider has in another currency. Nothing of it is booked, and it confirms nothing: a person is told. Its operations
 * stay open as unknown and are looked up only, until the provider has the right currency, or holds nothing of the payment any more.
 */

/** What the issue is about. */
export function foreignSubject(paymentId: string): string {
  return `${paymentId}:currency`
}

/** Whether an operation is not repeated, since the provider has answered in another currency. A void can only release money. */
export function isForeign({ issues }: Pick<OrderPayments, 'issues'>, { paymentId, kind }: Operation): boolean {
  return kind !== 'void' && issues.has(issueKey({ kind: 'amount_mismatch', subject: foreignSubject(paymentId) }))
}

/** Applies a report in another currency. */
export function applyForeign(draft: Draft, payment: Payment, report: PaymentReport): void {
  const { paymentId, currency, providerRef } = payment
  openIssue(draft, payment, {
    kind: 'amount_mismatch',
    subject: foreignSubject(paymentId),
    amount: undefined,
    detail: `the provider reports ${report.currency} where the payment is in ${currency}`,
  })
  if (providerRef === undefined) changePayment(draft, paymentId, { providerRef: report.providerRef })
  if (isWaiting(payment) && isGone(report)) {
    end(draft, paymentId, report)
    return
  }
  for (const operation of openOperations(draft, paymentId)) {
    if (operation.state === 'requested') continue
    // The provider has the payment, so it can be voided. What was asked of it is as open as before.
    const ref = operation.kind === 'authorize' ? report.providerRef : operation.providerRef
    putOperation(draft, { ...postponed(operation, draft.context), state: 'unknown', providerRef: ref })
  }
}

/** Whether the provider holds nothing of a payment, and has nothing of it under way. */
function isGone({ authorization, captured, refunds, disputes }: PaymentReport): boolean {
  const { state } = authorization
  if (state === 'created' || state === 'processing' || state === 'requires_action') return false
  const refunded = refunds.reduce((total, refund) => total + (refund.state === 'succeeded' ? refund.amount : 0), 0)
  const held = state === 'authorized' ? authorization.amount - captured : 0
  return held <= 0 && refunded >= captured && disputes.length === 0
}

function end(draft: Draft, paymentId: string, { currency }: PaymentReport): void {
  failPayment(draft, paymentId, {
    code: 'currency_mismatch',
    message: `The provider had it in ${currency}, and holds nothing of it any more.`,
  })
  for (const operation of openOperations(draft, paymentId, 'void'))
    putOperation(draft, settledOperation(operation, { state: 'succeeded' }, draft.context.nowMs))
  settleIssue(draft, 'amount_mismatch', foreignSubject(paymentId))
}
