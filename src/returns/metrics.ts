import { Counter, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import type { ReturnChange } from './changes.ts'
import { returnStates, unitConditions } from './return.ts'
import { countedMax, readReturnStats } from './stats.ts'

export type ReturnMetrics = Readonly<{
  /** Counts a change that is durable. */
  changed(change: ReturnChange): void
}>

/**
 * The metrics of returns. What is open is asked of the database at the time of the scrape, so every instance reports the same; without
 * the database these series are absent.
 */
export function createReturnMetrics(registry: Registry, pool: Pool, now: () => number): ReturnMetrics {
  const registers = [registry]
  const changes = new Counter({
    name: 'return_changes_total',
    help: 'Changes of returns, by the state that they lead to',
    labelNames: ['state'],
    registers,
  })
  const units = new Counter({
    name: 'return_units_received_total',
    help: 'Units of returns that have come in, by condition',
    labelNames: ['condition'],
    registers,
  })
  for (const state of returnStates) changes.inc({ state }, 0)
  for (const condition of unitConditions) units.inc({ condition }, 0)
  recordOpen(registry, pool, now)
  return {
    changed({ before, after, event }) {
      if (event === undefined) return
      changes.inc({ state: after.state })
      for (const [index, { condition }] of after.units.entries())
        if (condition !== undefined && condition !== before?.units[index]?.condition) units.inc({ condition })
    },
  }
}

/** What waits in the database: for a person, or for payments. */
function recordOpen(registry: Registry, pool: Pool, now: () => number): void {
  const make = () => readReturnStats(pool, now())
  const stats = singleFlight({ freshMs: 1_000, make, now: () => performance.now() })
  recordReadings(
    registry,
    {
      name: 'returns_open',
      help: `Returns that somebody has to do something about, by state; counted to ${countedMax}`,
      labelNames: ['state'],
    },
    async () => (await stats()).open.map(({ state, returns }) => ({ labels: { state }, value: returns })),
  )
  recordReadings(
    registry,
    {
      name: 'returns_open_age_seconds',
      help: 'How long ago the oldest of them was requested, by state; 0 without any',
      labelNames: ['state'],
    },
    async () => (await stats()).open.map(({ state, oldestSeconds }) => ({ labels: { state }, value: oldestSeconds })),
  )
  recordReadings(
    registry,
    { name: 'return_refunds_failed', help: 'Returns whose last refund has failed' },
    async () => [{ value: (await stats()).failedRefunds }],
  )
  recordReadings(
    registry,
    {
      name: 'return_refunds_overdue_seconds',
      help: 'How long the refund of a return that waits longest is due already; 0 when none is',
    },
    async () => [{ value: (await stats()).overdueSeconds }],
  )
}
