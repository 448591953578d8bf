import { Counter, Gauge, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import { readHorizon } from './horizon.ts'
import type { PartitionMaintenance } from './partitions.ts'
import { readLagSeconds } from './readers.ts'
import { relayReader } from './relay.ts'

export type EventMetrics = {
  published(events: number): void
  /** Takes what was found when the partitions of the log were looked at last. */
  maintenance(found: PartitionMaintenance): void
}

/**
 * The metrics of the log and of its relay. What the database knows is queried at the time of the scrape, so every instance
 * reports the same, also when none is relaying; without the database these series are absent.
 */
export function createEventMetrics(registry: Registry, pool: Pool, withKafka: boolean): EventMetrics {
  const registers = [registry]
  const maintenance = recordMaintenance(registry)
  recordHorizon(registry, pool)
  if (!withKafka) return { published: () => undefined, maintenance }
  recordReadings(
    registry,
    { name: 'relay_lag_seconds', help: 'Age of the oldest event that is not yet published to Kafka' },
    async () => [{ value: await readLagSeconds(pool, relayReader) }],
  )
  const published = new Counter({ name: 'relay_published_total', help: 'Events published to Kafka', registers })
  return { published: events => published.inc(events), maintenance }
}

/** The metrics of what keeps events from every reader. They name the process, since an operator has to end it. */
function recordHorizon(registry: Registry, pool: Pool): void {
  const horizon = singleFlight({ freshMs: 500, make: () => readHorizon(pool), now: () => performance.now() })
  recordReadings(
    registry,
    {
      name: 'event_log_held_seconds',
      help: 'Age of the oldest committed event that no reader may see yet, since a transaction is open; 0: all may be seen',
    },
    async () => [{ value: (await horizon()).heldSeconds }],
  )
  recordReadings(
    registry,
    {
      name: 'event_log_horizon_age_seconds',
      help: 'For how long the transaction has been open that readers of the log wait for; absent below a second',
      labelNames: ['pid', 'database', 'application'],
    },
    async () => {
      const { holder, heldSeconds } = await horizon()
      if (holder === null) return []
      const { pid, database, application, seconds } = holder
      return [{ labels: { pid: String(pid ?? ''), database, application }, value: seconds ?? heldSeconds }]
    },
  )
}

/** The metrics of how much of the log is kept: every instance reports what it last saw. */
function recordMaintenance(registry: Registry): EventMetrics['maintenance'] {
  const registers = [registry]
  let begins: Gauge | undefined
  const overdue = new Gauge({
    name: 'event_log_overdue_partitions',
    help: 'Partitions of the log that are older than EVENTS_RETENTION_DAYS and kept, since a reader still needs them',
    labelNames: ['reader'],
    registers,
  })
  return ({ beginsMs, heldBackBy, overdue: partitions }) => {
    if (beginsMs !== undefined) {
      begins ??= new Gauge({
        name: 'event_log_begins_timestamp_seconds',
        help: 'Time, since 1970, before which events were dropped from the log; absent while everything is kept',
        registers,
      })
      begins.set(beginsMs / 1000)
    }
    overdue.reset()
    for (const reader of heldBackBy) overdue.set({ reader }, partitions)
  }
}
