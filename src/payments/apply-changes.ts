import { type Changes, issueKey, type OrderPayments } from './changes.ts'
import { disputeKey } from './draft.ts'

/** The payments of an order as they are after a decision, for another decision in the same transaction. Pure. */
export function applyChanges(before: OrderPayments, changes: Changes): OrderPayments {
  const { order } = before
  const { payments, operations, disputes, issues, totals } = changes
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
    issues: new Set([...before.issues, ...issues.map(issueKey)]),
    isSold: totals.isSold,
    isStored: true,
  }
}

function merged<Item>(before: readonly Item[], changed: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const items = new Map(before.map(item => [keyOf(item), item]))
  for (const item of changed) items.set(keyOf(item), item)
  return [...items.values()]
}
