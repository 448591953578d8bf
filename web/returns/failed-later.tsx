import { useCallback, useEffect, useMemo } from 'preact/hooks'
import type { IssueView, PaymentWithOperationsView } from '../../src/payments/views.ts'
import { issuesAddress } from '../payments/addresses.ts'
import { usePolling } from '../parts/polling.ts'
import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import type { Return } from './return.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000

/**
 * Says of a refunded return that the provider could not pay its refund out after all, as long as the payment issue about that is open. Shows
 * nothing otherwise.
 */
export function FailedLater({ of }: { of: Return }) {
  const { order_uid: orderUid } = of
  const operations = of.refund.operation_ids.join()
  const model = useMemo(() => new Latest(() => isFailed(orderUid, operations.split(','))), [orderUid, operations])
  useEffect(() => void model.load(), [model])
  usePolling(
    useCallback(() => model.load(), [model]),
    refreshEveryMs,
  )
  if (model.value.value !== true) return null
  return (
    <p class="warning" role="status">
      {texts.money.failedLater} <a href={issuesAddress({ kind: 'refund_failed' })}>{texts.money.issue}</a>
    </p>
  )
}

/** Whether a payment issue is open about one of the operations that have refunded a return. */
async function isFailed(orderUid: string, operationIds: readonly string[]): Promise<boolean> {
  const query = new URLSearchParams({ order_uid: orderUid, kind: 'refund_failed', state: 'open' })
  const issues = await ask<IssueView[]>(`/api/payment-issues?${query}`)
  if (issues.length === 0) return false
  const payments = await ask<PaymentWithOperationsView[]>(`/api/orders/${encodeURIComponent(orderUid)}/payments`)
  const failed = payments.filter(({ operations }) =>
    operations.some(({ id, state }) => state === 'failed' && operationIds.includes(id)),
  )
  return issues.some(issue => failed.some(({ id }) => id === issue.payment_id))
}
