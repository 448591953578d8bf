import { type Decision, type DecisionContext, issueKey, type OrderPayments, type Refusal, refused } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { accept } from './decide-accept.ts'
import { operate } from './decide-operate.ts'
import { beginDraft, type Draft, paymentIn } from './draft.ts'
import { actionsFor, amountToRefund, type IssueSubject } from './issue-actions.ts'
import type { IssueAction } from './views.ts'

/** What a person has decided to do about an issue. */
export type ResolutionInput = Readonly<{
  issue: IssueSubject
  action: IssueAction
  /** The operation's that the action asks for: `op_` and 24 lower-case letters and digits. */
  operationId: string
  reason: string
  actor: string
}>

/**
 * Resolves an issue of an order by an action: an operation that is sent at once, a transfer, or nothing. The issue is resolved when the
 * action is stored; should the provider refuse a refund, a new issue tells of it.
 *
 * @returns ISSUE_RESOLVED when somebody has, or it has settled itself; PAYMENT_STATE_REFUSED for an action that it does not have;
 *   otherwise what the action itself is refused with
 */
export function decideResolution(before: OrderPayments, input: ResolutionInput, context: DecisionContext): Decision {
  const { issue, action, reason, actor } = input
  const { kind, subject } = issue
  const resolution = before.issues.get(issueKey(issue))
  if (resolution !== undefined)
    return refused('ISSUE_RESOLVED', `the issue was resolved by ${resolution.actor}: ${resolution.action}`)
  const actions = actionsFor(issue, before.disputes)
  if (!actions.includes(action))
    return refused('PAYMENT_STATE_REFUSED', `this issue can be resolved by ${actions.join(', ')}`)
  const draft = beginDraft(before, context)
  draft.resolved = { kind, subject, action, reason, actor, atMs: context.nowMs }
  return act(draft, input) ?? closeDraft(draft)
}

function act(draft: Draft, { issue, action, operationId, reason, actor }: ResolutionInput): Refusal | undefined {
  const { paymentId, amount } = issue
  // What needs a payment is an action of issues that have one.
  if (action === 'dismiss' || paymentId === undefined) return undefined
  if (action === 'accept') return accept(draft, paymentId, amount)
  if (action === 'capture' || action === 'void')
    return operate(draft, { paymentId, operationId, kind: action, reason, actor })
  const payment = paymentIn(draft, paymentId)
  const refunded = amountToRefund(issue, payment)
  if (refunded === 0)
    return payment.pendingRefund > 0
      ? refused('PAYMENT_IN_PROGRESS', 'a refund of the payment is under way')
      : refused('REFUND_EXCEEDS_CAPTURED', 'nothing is left to be refunded')
  return operate(draft, { paymentId, operationId, kind: 'refund', amount: refunded, reason, actor })
}
