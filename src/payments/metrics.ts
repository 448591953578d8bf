import { Counter, durationBuckets, Histogram, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import type { OperationKind, OperationState } from './payment.ts'
import { readPaymentStats } from './stats.ts'
import { issueKinds } from './views.ts'

export type ProviderCall = Readonly<{
  provider: string
  call: OperationKind | 'fetch'
  outcome: string
  durationMs: number
}>

export type PaymentMetrics = Readonly<{
  /** Counts a call to a provider. */
  called(call: ProviderCall): void
  /** Counts an operation that has come to an outcome, or whose outcome is not known yet. */
  settled(kind: OperationKind, outcome: OperationState): void
}>

/**
 * The metrics of payments. What is open is asked of the database at the time of the scrape, so every instance reports the same; without
 * the database these series are absent.
 */
export function createPaymentMetrics(registry: Registry, pool: Pool): PaymentMetrics {
  const registers = [registry]
  const operations = new Counter({
    name: 'payment_operations_total',
    help: 'Operations of payments by kind and outcome; unknown: the provider has not answered, and it is being found out',
    labelNames: ['kind', 'outcome'],
    registers,
  })
  const calls = new Histogram({
    name: 'payment_provider_call_duration_seconds',
    help: 'Time that a payment provider took for its answer, by call and outcome',
    labelNames: ['provider', 'call', 'outcome'],
    buckets: durationBuckets,
    registers,
  })
  recordOpen(registry, pool)
  return {
    called: ({ provider, call, outcome, durationMs }) => calls.observe({ provider, call, outcome }, durationMs / 1000),
    settled: (kind, outcome) => operations.inc({ kind, outcome }),
  }
}

/** What waits in the database: for a provider, or for a person. */
function recordOpen(registry: Registry, pool: Pool): void {
  const stats = singleFlight({ freshMs: 1_000, make: () => readPaymentStats(pool), now: () => performance.now() })
  recordReadings(
    registry,
    { name: 'payment_operations_unknown', help: 'Operations whose provider has not answered' },
    async () => [{ value: (await stats()).unknown }],
  )
  recordReadings(
    registry,
    {
      name: 'payment_operations_unknown_age_seconds',
      help: 'Age of the oldest of them, since its first call; 0 without any',
    },
    async () => [{ value: (await stats()).unknownSeconds }],
  )
  recordReadings(
    registry,
    {
      name: 'payment_operations_overdue_seconds',
      help: 'How long the operation that waits longest is due already; 0 when none is',
    },
    async () => [{ value: (await stats()).overdueSeconds }],
  )
  recordReadings(
    registry,
    {
      name: 'payment_provider_events_overdue_seconds',
      help: "How long the provider's event that waits longest is due already; 0 when none is",
    },
    async () => [{ value: (await stats()).eventsOverdueSeconds }],
  )
  recordReadings(
    registry,
    { name: 'payment_issues_open', help: 'Payment issues that nobody has resolved, by kind', labelNames: ['kind'] },
    async () => {
      const { issues } = await stats()
      return issueKinds.map(kind => ({ labels: { kind }, value: issues.get(kind) ?? 0 }))
    },
  )
}
