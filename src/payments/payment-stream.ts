import type { StreamDefinition } from '../events/stream-definition.ts'
import { paymentStreamType } from './events.ts'
import { issueStreamType } from './issue-events.ts'

/** The stream of a payment. One that an order arrived with has no events until money moves on it. */
export const paymentStream: StreamDefinition = {
  type: paymentStreamType,
  heads: 'select payment_id as stream_id, version, updated_at from payments where version > 0',
  addressOf: paymentId => `/api/payments/${paymentId}`,
}

/** The stream of a payment issue: that it was opened, and resolved. */
export const issueStream: StreamDefinition = {
  type: issueStreamType,
  heads: 'select issue_id as stream_id, version, coalesce(resolved_at, opened_at) as updated_at from payment_issues',
  addressOf: issueId => `/api/payment-issues/${issueId}`,
}
