import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { withDeadline } from './deadline.ts'
import { singleFlight } from './single-flight.ts'
import type { SpanCounts } from './tracing.ts'

export { Counter, Gauge, Histogram, Registry }

/** Collecting these walks the whole heap: a scrape under load would delay every order by tenths of a second. */
const heapWalks = /^nodejs_heap_/

/** Figures of another engine: here they are always 0, missing, or (the heap) the address space. */
const meaningless =
  /^nodejs_(active_|eventloop_utilization_|eventloop_lag_seconds$|external_memory_|gc_|version_)|^process_(heap|virtual_memory)_bytes$/

/** How long a scrape waits for readings; Prometheus itself gives up after ten seconds. */
const readingDeadlineMs = 3_000
/** How long readings are reused: several scrapers must not become a load. */
const readingFreshMs = 1_000

/** Makes a registry with the metrics of the process: CPU, memory, event loop lag, open files. */
export function createRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) {
    if (heapWalks.test(name) || meaningless.test(name)) registry.removeSingleMetric(name)
  }
  return registry
}

/** A value of a gauge, and its labels. */
export type Reading = { value: number; labels?: Record<string, string> }

/**
 * Registers a gauge that is read at each scrape. A read that hangs does not hold up the scrape: after three seconds, or when it
 * fails, the series are absent.
 *
 * @param read returns every value; those with the same labels are added up
 */
export function recordReadings(
  registry: Registry,
  gauge: { name: string; help: string; labelNames?: string[] },
  read: () => Promise<readonly Reading[]>,
): void {
  const shared = singleFlight({ freshMs: readingFreshMs, make: read, now: () => performance.now() })
  new Gauge({
    ...gauge,
    registers: [registry],
    async collect() {
      const readings = await withDeadline(shared(), readingDeadlineMs, () => []).catch(() => [])
      this.reset()
      // The library resets a gauge without labels to 0, which would be a value.
      if (gauge.labelNames === undefined) this.remove()
      for (const { value, labels = {} } of readings) this.inc(labels, value)
    },
  })
}

/** Bucket bounds in seconds for durations of milliseconds. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Records the connections of a pool: in use, idle, and how many requests wait for one. */
export function recordPool(
  registry: Registry,
  pool: { totalCount: number; idleCount: number; waitingCount: number },
): void {
  new Gauge({
    name: 'database_connections',
    help: 'Connections to the database, by what they do; waiting: requests that wait for one',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'waiting' }, pool.waitingCount)
    },
  })
}

/** Records the outcomes of spans, for a service that is traced. */
export function recordSpans(registry: Registry, counts: () => SpanCounts): void {
  new Counter({
    name: 'tracing_spans_total',
    help: 'Spans: exported to the collector; failed: not taken by it; dropped: too many waited for it',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [outcome, count] of Object.entries(counts())) this.inc({ outcome }, count)
    },
  })
}
