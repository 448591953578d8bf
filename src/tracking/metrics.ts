import { Counter, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import type { News } from './number-reports.ts'
import { readParcelStats } from './stats.ts'

export type TrackingMetrics = Readonly<{
  /** Counts reports by where they came in and what became of them: new, repeated, or the code of an error. */
  count(source: string, outcome: string, reports?: number): void
  /** Counts what was new in a report. */
  stored(source: string, news: News): void
}>

/** The metrics of tracking. What is stored is asked of the database at the time of the scrape, so every instance reports the same. */
export function createTrackingMetrics(registry: Registry, pool: Pool, now: () => number): TrackingMetrics {
  const registers = [registry]
  const reports = new Counter({
    name: 'tracking_reports_total',
    help: 'Reports of carriers by webhook (or kafka) and outcome; repeated: nothing was new; otherwise an error code',
    labelNames: ['source', 'outcome'],
    registers,
  })
  const checkpoints = new Counter({
    name: 'tracking_checkpoints_total',
    help: 'Checkpoints that were new, by webhook or kafka',
    labelNames: ['source'],
    registers,
  })
  const unknownCodes = new Counter({
    name: 'tracking_unknown_codes_total',
    help: 'New checkpoints with a code that no table knows, by webhook or kafka: they are kept and move no parcel',
    labelNames: ['source'],
    registers,
  })
  // It reads every parcel, a second for some millions: at most a hundredth of the time.
  const stats = singleFlight({
    ...{ freshMs: 10_000, restShare: 100, make: () => readParcelStats(pool, now()), now: () => performance.now() },
  })
  recordReadings(
    registry,
    { name: 'parcels', help: 'Parcels of shipments by status', labelNames: ['status'] },
    async () => (await stats()).byStatus.map(({ status, parcels }) => ({ value: parcels, labels: { status } })),
  )
  recordReadings(registry, { name: 'parcels_unattached', help: 'Parcels that no shipment has' }, async () => [
    { value: (await stats()).unattached },
  ])
  recordReadings(
    registry,
    { name: 'parcels_waiting_age_seconds', help: 'How long the parcel that waits longest for news has waited' },
    async () => [{ value: (await stats()).waitingSeconds }],
  )
  return {
    count: (source, outcome, number = 1) => reports.inc({ source, outcome }, number),
    stored(source, news) {
      if (news.checkpoints > 0) checkpoints.inc({ source }, news.checkpoints)
      if (news.unknownCodes > 0) unknownCodes.inc({ source }, news.unknownCodes)
    },
  }
}
