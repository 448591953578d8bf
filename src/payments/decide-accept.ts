import { type Decision, type DecisionContext, type OrderPayments, type Refusal, refused } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, book, changePayment, type Draft, paymentIn } from './draft.ts'
import { suspendedLeftOf } from './payment.ts'

/**
 * Keeps suspended money that nobody has decided on: it becomes revenue, by a person's decision. It stays beside the order's totals.
 *
 * @returns PAYMENT_STATE_REFUSED when there is none, or some of it is on its way back
 */
export function decideAccept(before: OrderPayments, paymentId: string, context: DecisionContext): Decision {
  const draft = beginDraft(before, context)
  return accept(draft, paymentId) ?? closeDraft(draft)
}

/** The same within a decision. @param atMost what is kept of it, at most @returns the refusal */
export function accept(draft: Draft, paymentId: string, atMost = Number.MAX_SAFE_INTEGER): Refusal | undefined {
  const payment = paymentIn(draft, paymentId)
  const amount = Math.min(atMost, suspendedLeftOf(payment))
  if (amount <= 0) return refused('PAYMENT_STATE_REFUSED', 'nothing of the payment is suspended')
  if (payment.pendingRefund > 0) return refused('PAYMENT_IN_PROGRESS', 'a refund of the payment is under way')
  const accepted = payment.accepted + amount
  book(draft, changePayment(draft, paymentId, { accepted }), {
    kind: 'suspense_release',
    // What was accepted in all only grows.
    transferId: `${paymentId}:accepted:${accepted}`,
    amount,
    operationId: undefined,
  })
  return undefined
}
