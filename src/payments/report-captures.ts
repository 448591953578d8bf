import { amountText } from '../platform/amount-text.ts'
import { type Draft, openIssue, openOperations, paymentIn } from './draft.ts'
import { derivedId } from './derived-id.ts'
import { recordCapture } from './moves.ts'
import { requestedOperation } from './new-payment.ts'
import type { Operation, Payment } from './payment.ts'
import type { PaymentReport } from './provider.ts'
import { authorizationOf } from './report-authorization.ts'

/**
 * Applies what a report says was captured in all. What is new settles open captures; what is more becomes the capture that an automatic
 * authorization makes, or one that was made at the provider. A report that has captured no more than is known adds nothing.
 *
 * @param answered the operation that the report is the answer of, if any: an answer is its outcome also when the amount is less
 */
export function applyCaptures(
  draft: Draft,
  paymentId: string,
  report: PaymentReport,
  answered: string | undefined,
): void {
  let rest = report.captured - paymentIn(draft, paymentId).captured
  for (const operation of openOperations(draft, paymentId, 'capture')) {
    const isAnswered = operation.operationId === answered
    if (rest <= 0 || (rest < operation.amount && !isAnswered)) continue
    const amount = Math.min(rest, operation.amount)
    recordCapture(draft, operation, amount)
    if (amount < operation.amount) openMismatch(draft, operation, amount)
    rest -= amount
  }
  if (rest > 0) recordCapture(draft, unaskedCapture(draft, paymentIn(draft, paymentId), rest, report.captured), rest)
}

function openMismatch(draft: Draft, { paymentId, operationId, amount: asked }: Operation, amount: number): void {
  const payment = paymentIn(draft, paymentId)
  const shown = (minor: number) => amountText(minor, payment.currency)
  openIssue(draft, payment, {
    kind: 'amount_mismatch',
    subject: operationId,
    amount,
    detail: `${shown(amount)} was captured where ${shown(asked)} was asked for`,
  })
}

/** A capture that nobody has asked for by itself. Its id follows from what was captured in all, which only grows. */
function unaskedCapture(draft: Draft, payment: Payment, amount: number, captured: number): Operation {
  const { paymentId } = payment
  const authorization = authorizationOf(draft, paymentId)
  const automaticId = authorization && derivedId('op', authorization.operationId, 'capture')
  const isAutomatic = payment.capture === 'automatic' && automaticId !== undefined && !draft.operations.has(automaticId)
  const operationId = isAutomatic ? automaticId : derivedId('ext', paymentId, 'capture', String(captured))
  const [reason, actor] = isAutomatic ? ['', authorization?.actor ?? ''] : ['captured at the provider', 'provider']
  return requestedOperation(payment, { operationId, kind: 'capture', amount, reason, actor }, draft.context)
}
