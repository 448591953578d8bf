import { availableIssueActions, type IssueSurroundings, type KnownDisputes } from './issue-actions.ts'
import type { StoredIssue } from './issue-read-queries.ts'
import type { Shown } from './presentation.ts'
import { isRecordedPayment, type Provider } from './provider.ts'
import { isClosed } from './totals.ts'
import type { IssueView } from './views.ts'

/** A payment issue as the API shows it. @param surroundings undefined: its payment is not here, or does not matter any more */
export function presentIssue(issue: StoredIssue, surroundings: IssueSurroundings | undefined): IssueView {
  const { resolution } = issue
  return {
    id: issue.issueId,
    kind: issue.kind,
    state: resolution === undefined ? 'open' : 'resolved',
    order_uid: issue.orderUid ?? null,
    payment_id: issue.paymentId ?? null,
    provider: issue.provider,
    currency: issue.currency ?? null,
    amount: issue.amount ?? null,
    detail: issue.detail,
    available_actions: resolution === undefined ? availableIssueActions(issue, surroundings) : [],
    opened_at: new Date(issue.openedAtMs).toISOString(),
    resolved_at: resolution === undefined ? null : new Date(resolution.atMs).toISOString(),
    action: resolution?.action ?? null,
    reason: resolution?.reason ?? null,
    actor: resolution?.actor ?? null,
  }
}

/** What the actions of an issue depend on. @param shown its payment; undefined when that is not here */
export function surroundingsOf(
  shown: Shown | undefined,
  disputes: KnownDisputes,
  providers: ReadonlyMap<string, Provider>,
): IssueSurroundings | undefined {
  if (shown === undefined) return undefined
  const { payment, operations, orderStatus } = shown
  return {
    ...{ payment, operations, disputes },
    isOrderClosed: isClosed(orderStatus),
    isRecorded: isRecordedPayment(payment, providers),
  }
}
