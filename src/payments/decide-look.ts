import type { Decision, DecisionContext, OrderPayments } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, openIssue, paymentIn } from './draft.ts'
import { expiryNoticeMs, scheduleLook } from './pauses.ts'
import { heldOf } from './payment.ts'

/**
 * Looks at a payment whose `nextLookAtMs` is over: 24 hours before an authorization ends a person is told. That it has ended is the
 * provider's word, not the clock's: from then on the provider is asked.
 */
export function decideDueLook(before: OrderPayments, paymentId: string, context: DecisionContext): Decision {
  const draft = beginDraft(before, context)
  const payment = paymentIn(draft, paymentId)
  const { authorizedUntilMs } = payment
  const held = heldOf(payment)
  if (authorizedUntilMs !== undefined && held > 0 && context.nowMs >= authorizedUntilMs - expiryNoticeMs)
    openIssue(draft, payment, {
      kind: 'authorization_expiring',
      subject: paymentId,
      amount: held,
      detail: `what is authorized and not captured expires at ${new Date(authorizedUntilMs).toISOString()}`,
    })
  scheduleLook(draft, paymentId)
  return closeDraft(draft)
}
