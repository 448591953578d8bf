import { Counter, durationBuckets, Histogram, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import type { DeliveryOutcome } from './delivery-queries.ts'
import { readWebhookStats } from './stats.ts'

export type WebhookMetrics = { attempted(outcome: DeliveryOutcome, durationMs: number): void }

/**
 * The metrics of webhooks, of all subscriptions together. What the database knows is queried at the time of the scrape, so
 * every instance reports the same, also when it delivers nothing; without the database these series are absent.
 */
export function createWebhookMetrics(registry: Registry, pool: Pool): WebhookMetrics {
  const registers = [registry]
  const deliveries = new Counter({
    name: 'webhook_deliveries_total',
    help: 'Attempts to deliver an event, by outcome: delivered; failed, to be repeated; given_up',
    labelNames: ['outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'webhook_attempt_duration_seconds',
    help: 'Time that a receiver took for its answer',
    buckets: durationBuckets,
    registers,
  })
  const stats = singleFlight({ freshMs: 1_000, make: () => readWebhookStats(pool), now: () => performance.now() })
  recordReadings(
    registry,
    { name: 'webhook_lag_seconds', help: 'Age of the oldest event that an enabled subscription has not got' },
    async () => [{ value: (await stats()).lagSeconds }],
  )
  recordReadings(
    registry,
    {
      name: 'webhook_parked_events',
      help: 'Events that wait for their repetition, or behind one of their order that does',
    },
    async () => [{ value: (await stats()).parked }],
  )
  recordReadings(
    registry,
    { name: 'webhooks', help: 'Subscriptions, by how they stand', labelNames: ['status'] },
    async () => {
      const now = await stats()
      return (['active', 'failing', 'disabled'] as const).map(status => ({ labels: { status }, value: now[status] }))
    },
  )
  return {
    attempted(outcome, durationMs) {
      deliveries.inc({ outcome })
      durations.observe(durationMs / 1000)
    },
  }
}
