import type { DeliveryListing } from './delivery-queries.ts'
import type { WebhookListing } from './queries.ts'
import type { DeliveryView, WebhookView } from './views.ts'
import { checkpointKeptMs, deliveryRules } from './webhook.ts'

/** The state of a subscription in a word: the one that needs attention most. */
export function statusOf(webhook: WebhookListing): WebhookView['status'] {
  if (webhook.disabled !== null) return 'disabled'
  if (webhook.parked >= deliveryRules.retriesMax) return 'waiting'
  return webhook.failingSinceMs === null ? 'active' : 'failing'
}

/** A subscription as the API shows it: without its secrets. */
export function presentWebhook(webhook: WebhookListing, nowMs: number): WebhookView {
  const { disabled, previousSecret, behindSeconds } = webhook
  const previousIsValid = previousSecret !== null && previousSecret.untilMs > nowMs
  return {
    id: webhook.id,
    url: webhook.url,
    description: webhook.description,
    event_types: webhook.eventTypes,
    status: statusOf(webhook),
    disabled:
      disabled === null
        ? null
        : {
            reason: disabled.reason,
            at: timeOf(disabled.atMs),
            place_kept_until: behindSeconds === null ? null : timeOf(disabled.atMs + checkpointKeptMs),
          },
    failing_since: webhook.failingSinceMs === null ? null : timeOf(webhook.failingSinceMs),
    parked: webhook.parked,
    behind_seconds: behindSeconds,
    previous_secret_valid_until: previousIsValid ? timeOf(previousSecret.untilMs) : null,
    created_at: timeOf(webhook.createdAtMs),
    updated_at: timeOf(webhook.updatedAtMs),
  }
}

/** An entry of the delivery log as the API shows it. */
export function presentDelivery(delivery: DeliveryListing): DeliveryView {
  return {
    id: delivery.id,
    stream_type: delivery.streamType,
    stream_id: delivery.streamId,
    ...(delivery.orderUid === null ? {} : { order_uid: delivery.orderUid }),
    sequence: delivery.sequence,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    attempt: delivery.attempt,
    outcome: delivery.outcome,
    status: delivery.status,
    error: delivery.error,
    answer: delivery.answer,
    duration_ms: delivery.durationMs,
    attempted_at: timeOf(delivery.attemptedAtMs),
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
