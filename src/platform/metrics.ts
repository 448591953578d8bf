import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'

export { Counter, Gauge, Histogram, Registry }

/** Collecting these walks the whole heap: a scrape during a rush would hold up every order for tenths of a second. */
const heapWalks = /^nodejs_heap_/

/** A registry with the metrics of the process: CPU, memory, event loop lag, open files. */
export function createRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) if (heapWalks.test(name)) registry.removeSingleMetric(name)
  return registry
}

/** Bounds in seconds for what should take milliseconds. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The connections of a pool: in use, idle, and how many requests wait for one. */
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
