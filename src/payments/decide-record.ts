import { type Decision, type DecisionContext, type OrderPayments, type Refusal, refused } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, paymentIn } from './draft.ts'
import { recordCapture, recordRefund } from './moves.ts'
import { requestedOperation } from './new-payment.ts'
import { type Payment, refundableOf } from './payment.ts'
import { isRecordedPayment } from './provider.ts'

/** Money that a person has seen moving, such as cash on delivery. */
export type RecordInput = Readonly<{
  paymentId: string
  /** `op_` and 24 lower-case letters and digits. */
  operationId: string
  kind: 'capture' | 'refund'
  /** More than 0; undefined: what is held or refundable. */
  amount: number | undefined
  reason: string
  actor: string
  rids: readonly string[]
  /** What a bank or a receipt calls it. */
  reference: string | undefined
}>

/**
 * Records money that has moved outside: a capture is a fact, and is recorded also when it is more than was expected, or late. A refund
 * is of what was captured.
 *
 * @returns PAYMENT_STATE_REFUSED for a payment whose provider is called, PAYMENT_INVALID or REFUND_EXCEEDS_CAPTURED
 */
export function decideRecord(before: OrderPayments, input: RecordInput, context: DecisionContext): Decision {
  const draft = beginDraft(before, context)
  const payment = paymentIn(draft, input.paymentId)
  if (!isRecordedPayment(payment, context.rules.providers))
    return refused('PAYMENT_STATE_REFUSED', `${payment.provider} moves its money itself`)
  const amount = input.kind === 'capture' ? capturedAmount(payment, input) : refundedAmount(payment, input)
  if (typeof amount !== 'number') return amount
  const { operationId, kind, reason, actor, rids, reference } = input
  const operation = {
    ...requestedOperation(payment, { operationId, kind, amount, reason, actor, rids }, context),
    providerRef: reference,
  }
  if (kind === 'capture') recordCapture(draft, operation, amount)
  else recordRefund(draft, operation, amount)
  return closeDraft(draft)
}

function capturedAmount(payment: Payment, { amount }: RecordInput): number | Refusal {
  const { authorized, captured, released, overcaptured } = payment
  const recorded = amount ?? authorized + overcaptured - captured - released
  if (recorded === 0) return refused('PAYMENT_INVALID', 'nothing is expected: say what has come')
  if (captured + recorded > Number.MAX_SAFE_INTEGER) return refused('PAYMENT_INVALID', 'more than can be counted')
  return recorded
}

function refundedAmount(payment: Payment, { amount }: RecordInput): number | Refusal {
  const refundable = refundableOf(payment)
  if (refundable === 0 || (amount ?? 0) > refundable)
    return refused('REFUND_EXCEEDS_CAPTURED', `${refundable} can be refunded`)
  return amount ?? refundable
}
