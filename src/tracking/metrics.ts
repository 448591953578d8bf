import { Counter, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import type { Carrier } from './carrier.ts'
import type { News } from './number-reports.ts'
import { countedMax, readAwaitedParcels, readParcelStats } from './stats.ts'

export type TrackingMetrics = Readonly<{
  /** Counts reports by where they came in and what became of them: new, repeated, or the code of an error. */
  count(source: string, outcome: string, reports?: number): void
  /** Counts what was new in a report. */
  stored(source: string, news: News): void
}>

/** The metrics of tracking. What is stored is asked of the database at the time of the scrape, so every instance reports the same. */
export function createTrackingMetrics(
  registry: Registry,
  pool: Pool,
  now: () => number,
  carriers: readonly Pick<Carrier, 'name'>[],
): TrackingMetrics {
  const registers = [registry]
  const reports = new Counter({
    name: 'tracking_reports_total',
    help: 'Reports of carriers by webhook (or kafka) and outcome; repeated: nothing was new; otherwise an error code',
    labelNames: ['source', 'outcome'],
    registers,
  })
  // A rate is known from the first one on.
  for (const source of [...carriers.map(({ name }) => name), 'kafka']) {
    for (const outcome of ['new', 'repeated', 'TRACKING_INVALID']) reports.inc({ source, outcome }, 0)
    if (source !== 'kafka') reports.inc({ source, outcome: 'WEBHOOK_SIGNATURE_INVALID' }, 0)
  }
  const checkpoints = new Counter({
    name: 'tracking_checkpoints_total',
    help: 'Checkpoints that were new, by webhook or kafka',
    labelNames: ['source'],
    registers,
  })
  const unknownCodes = new Counter({
    name: 'tracking_unknown_codes_total',
    help: `New checkpoints with a code that no table knows: they are kept and move no parcel; by carrier, for the first ${carriersMax} of them`,
    labelNames: ['carrier'],
    registers,
  })
  const labelOf = carrierLabels(carriers)
  for (const { name } of carriers) unknownCodes.inc({ carrier: labelOf(name) }, 0)
  recordStats(registry, pool, now)
  return {
    count: (source, outcome, number = 1) => reports.inc({ source, outcome }, number),
    stored(source, news) {
      if (news.checkpoints > 0) checkpoints.inc({ source }, news.checkpoints)
      if (news.unknownCodes > 0) unknownCodes.inc({ carrier: labelOf(news.carrier) }, news.unknownCodes)
    },
  }
}

/** Senders call carriers as they like: each name is a series, which Prometheus keeps. */
const carriersMax = 50

/** What carriers are called in series. */
function carrierLabels(carriers: readonly Pick<Carrier, 'name'>[]): (carrier: string) => string {
  const known = new Set(carriers.map(({ name }) => name))
  return carrier => {
    if (carrier === '') return 'none'
    if (!known.has(carrier) && known.size < carriersMax) known.add(carrier)
    return known.has(carrier) ? carrier : 'other'
  }
}

function recordStats(registry: Registry, pool: Pool, now: () => number): void {
  // It reads every parcel that is on its way, a second for some millions: at most a hundredth of the time.
  const awaited = singleFlight({
    ...{ freshMs: 10_000, restShare: 100, make: () => readAwaitedParcels(pool), now: () => performance.now() },
  })
  recordReadings(
    registry,
    { name: 'parcels', help: 'Parcels that news are awaited of, by status', labelNames: ['status'] },
    async () => (await awaited()).map(({ status, parcels }) => ({ value: parcels, labels: { status } })),
  )
  const stats = singleFlight({ freshMs: 5_000, make: () => readParcelStats(pool, now()), now: () => performance.now() })
  recordReadings(
    registry,
    { name: 'parcels_unattached', help: `Reported parcels that no shipment has, counted to ${countedMax}` },
    async () => [{ value: (await stats()).unattached }],
  )
  recordReadings(
    registry,
    {
      name: 'parcels_waiting_age_seconds',
      help: 'How long the parcel that waits longest for news has waited, to the day',
    },
    async () => [{ value: (await stats()).waitingSeconds }],
  )
}
