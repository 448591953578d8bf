import type { Decision, DecisionContext, OrderPayments } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft } from './draft.ts'
import { scheduleLook } from './pauses.ts'

/**
 * Looks at a payment whose `nextLookAtMs` is over: before an authorization ends a person is told. That it has ended is the provider's
 * word, not the clock's: from then on the provider is asked.
 */
export function decideDueLook(before: OrderPayments, paymentId: string, context: DecisionContext): Decision {
  const draft = beginDraft(before, context)
  scheduleLook(draft, paymentId)
  return closeDraft(draft)
}
