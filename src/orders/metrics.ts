import { Counter, durationBuckets, Gauge, Histogram, type Registry } from '../platform/metrics.ts'
import type { OrderCache } from './cache.ts'
import type { Intake } from './intake.ts'

/** Where an order came from. */
export type Source = 'http' | 'batch' | 'kafka' | 'replay'

export type OrderMetrics = {
  /** Counts orders by where they came from and what became of them: placed, duplicate, or an error code. */
  count(source: Source, outcome: string, orders?: number): void
  group(group: { orders: number; durationMs: number }): void
}

/** Registers the metrics of orders. What the intake and the cache count is read at the time of the scrape. */
export function createOrderMetrics(registry: Registry, intake: Intake, cache: OrderCache): OrderMetrics {
  const registers = [registry]
  const orders = new Counter({
    name: 'orders_received_total',
    help: 'Orders that came in, by source and outcome',
    labelNames: ['source', 'outcome'],
    registers,
  })
  const groupSize = new Histogram({
    name: 'orders_group_size',
    help: 'Orders written by one transaction',
    buckets: [1, 5, 10, 50, 100, 250, 500, 1000, 2000],
    registers,
  })
  const commit = new Histogram({
    name: 'orders_group_commit_duration_seconds',
    help: 'Time to write a group of orders, with its commit and its repetitions',
    buckets: durationBuckets,
    registers,
  })
  registerReadings(registry, intake, cache)
  const children = new Map<string, { inc(value: number): void }>()
  return {
    count(source, outcome, count = 1) {
      const key = `${source} ${outcome}`
      const child = children.get(key) ?? orders.labels({ source, outcome })
      children.set(key, child)
      child.inc(count)
    },
    group({ orders: size, durationMs }) {
      groupSize.observe(size)
      commit.observe(durationMs / 1000)
    },
  }
}

function registerReadings(registry: Registry, intake: Intake, cache: OrderCache): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  gauge('orders_waiting', 'Orders that wait to be written or are being written', () => intake.waiting())
  counter('orders_cache_hits_total', 'Reads served from the cache', () => cache.stats().hits)
  counter('orders_cache_misses_total', 'Reads that the cache could not serve', () => cache.stats().misses)
  gauge('orders_cache_bytes', 'Bytes held by the cache', () => cache.stats().bytes)
  gauge('orders_cache_orders', 'Orders held by the cache', () => cache.stats().orders)
}
