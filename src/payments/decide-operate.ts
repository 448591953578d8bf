import { blocksCapture } from './amounts.ts'
import { type Decision, type DecisionContext, type OrderPayments, type Refusal, refused } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { refuseUnrepresentable } from './decide-begin.ts'
import { beginDraft, changePayment, type Draft, openOperations, paymentIn, putOperation } from './draft.ts'
import { requestedOperation, sentOperation } from './new-payment.ts'
import { capturableOf, heldOf, isWaiting, type Payment, refundableOf } from './payment.ts'
import { isRecordedPayment } from './provider.ts'
import { releaseRecorded } from './release.ts'
import { refit } from './suspense.ts'
import { isClosed } from './totals.ts'

/** What is asked of a payment. */
export type OperateInput = Readonly<{
  paymentId: string
  /** `op_` and 24 lower-case letters and digits. */
  operationId: string
  kind: 'capture' | 'void' | 'refund'
  /** More than 0; undefined: everything that can be captured or refunded. A void is of everything. */
  amount?: number | undefined
  /** A capture that releases what is left. */
  isFinal?: boolean | undefined
  reason: string
  actor: string
  /** The items that a refund is for. */
  rids?: readonly string[] | undefined
}>

/**
 * Asks for a capture, a void or a refund: an operation that is sent at once. What is under way counts: one capture or void at a time,
 * and refunds side by side up to what is refundable.
 *
 * @returns PAYMENT_IN_PROGRESS, PAYMENT_STATE_REFUSED, CAPTURE_EXCEEDS_AUTHORIZED, REFUND_EXCEEDS_CAPTURED or AMOUNT_UNREPRESENTABLE
 */
export function decideOperate(before: OrderPayments, input: OperateInput, context: DecisionContext): Decision {
  const draft = beginDraft(before, context)
  return operate(draft, input) ?? closeDraft(draft)
}

/** The same within a decision. @returns the refusal */
export function operate(draft: Draft, input: OperateInput): Refusal | undefined {
  const { context } = draft
  const payment = input.kind === 'capture' ? refit(draft, input.paymentId) : paymentIn(draft, input.paymentId)
  const amount = decideAmount(draft, payment, input)
  if (typeof amount !== 'number') return amount
  if (isRecordedPayment(payment, context.rules.providers)) {
    // Only a void comes here: nobody needs to be asked.
    releaseRecorded(draft, payment, input)
    return undefined
  }
  const provider = context.rules.providers.get(payment.provider)
  const unrepresentable = provider && input.kind !== 'void' && refuseUnrepresentable(provider, amount, payment.currency)
  if (unrepresentable) return unrepresentable
  const { operationId, kind, isFinal = false, reason, actor, rids = [] } = input
  const operation = requestedOperation(
    payment,
    { operationId, kind, amount, isFinal: kind === 'capture' && isFinal, reason, actor, rids },
    context,
  )
  putOperation(draft, sentOperation(operation, context.nowMs))
  if (kind === 'capture') changePayment(draft, payment.paymentId, { pendingCapture: payment.pendingCapture + amount })
  if (kind === 'refund') changePayment(draft, payment.paymentId, { pendingRefund: payment.pendingRefund + amount })
  return undefined
}

function decideAmount(draft: Draft, payment: Payment, input: OperateInput): number | Refusal {
  if (input.kind === 'refund') return refundAmount(draft, payment, input)
  if (input.kind === 'capture') {
    const refusal = refuseCapture(draft, payment)
    if (refusal !== undefined) return refusal
  }
  const isHeldUp = openOperations(draft, payment.paymentId).some(operation => blocksCapture(operation, payment))
  if (isHeldUp) return refused('PAYMENT_IN_PROGRESS', 'an operation of the payment is under way')
  return input.kind === 'capture' ? captureAmount(payment, input) : voidAmount(payment)
}

function refuseCapture(draft: Draft, payment: Payment): Refusal | undefined {
  const { status } = draft.before.order.state
  if (isRecordedPayment(payment, draft.context.rules.providers)) return refused('PAYMENT_STATE_REFUSED', recorded)
  return isClosed(status) ? refused('PAYMENT_STATE_REFUSED', `the order is ${status}`) : undefined
}

function captureAmount(payment: Payment, { amount }: OperateInput): number | Refusal {
  if (heldOf(payment) === 0) return refused('PAYMENT_STATE_REFUSED', `the payment is ${payment.state}`)
  const capturable = capturableOf(payment)
  if (capturable === 0 || (amount ?? 0) > capturable)
    return refused('CAPTURE_EXCEEDS_AUTHORIZED', `${capturable} can be captured`)
  return amount ?? capturable
}

function voidAmount(payment: Payment): number | Refusal {
  const held = heldOf(payment)
  if (held > 0) return held
  return isWaiting(payment) ? payment.amount : refused('PAYMENT_STATE_REFUSED', `the payment is ${payment.state}`)
}

function refundAmount(draft: Draft, payment: Payment, { amount }: OperateInput): number | Refusal {
  if (isRecordedPayment(payment, draft.context.rules.providers)) return refused('PAYMENT_STATE_REFUSED', recorded)
  if (payment.captured === 0) return refused('PAYMENT_STATE_REFUSED', `the payment is ${payment.state}`)
  const refundable = refundableOf(payment)
  if (refundable === 0 || (amount ?? 0) > refundable)
    return refused('REFUND_EXCEEDS_CAPTURED', `${refundable} can be refunded`)
  return amount ?? refundable
}

const recorded = 'its money is recorded by people: record what has moved'
