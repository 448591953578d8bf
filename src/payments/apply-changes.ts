import { type Changes, type IssueResolution, issueKey, type OrderPayments, settledAt } from './changes.ts'
import { disputeKey } from './draft.ts'

/**
 * The payments of an order as they are after a decision, for another decision in the same transaction. Pure.
 *
 * @param decidedAtMs when that was, in milliseconds since 1970
 */
export function applyChanges(before: OrderPayments, changes: Changes, decidedAtMs: number): OrderPayments {
  const { order } = before
  const { payments, operations, disputes, totals } = changes
  const state = changes.order && {
    ...order.state,
    paymentStatus: changes.order.paymentStatus,
    status: changes.order.confirm ? ('confirmed' as const) : order.state.status,
  }
  return {
    order: {
      ...order,
      state: state ?? order.state,
      paymentPendingUntilMs: changes.order ? changes.order.pendingUntilMs : order.paymentPendingUntilMs,
    },
    payments: merged(before.payments, payments, ({ paymentId }) => paymentId),
    operations: merged(before.operations, operations, ({ operationId }) => operationId),
    disputes: merged(before.disputes, disputes, disputeKey),
    issues: issuesAfter(before, changes, decidedAtMs),
    isSold: totals.isSold,
    isStored: true,
  }
}

function issuesAfter(before: OrderPayments, { issues, settled, resolved }: Changes, decidedAtMs: number) {
  const after = new Map<string, IssueResolution | undefined>(before.issues)
  for (const issue of issues) after.set(issueKey(issue), undefined)
  for (const issue of settled) after.set(issueKey(issue), after.get(issueKey(issue)) ?? settledAt(decidedAtMs))
  if (resolved !== undefined) after.set(issueKey(resolved), resolved)
  return after
}

function merged<Item>(before: readonly Item[], changed: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const items = new Map(before.map(item => [keyOf(item), item]))
  for (const item of changed) items.set(keyOf(item), item)
  return [...items.values()]
}
