import { Counter, durationBuckets, Histogram, type Registry } from './metrics.ts'

/** Counts a response. @param startedMs when its request came, by `performance.now()` */
export type RecordResponse = (startedMs: number, status: number) => void

type Count = { labels: Record<'method' | 'route' | 'status', string>; answers: number }

/** Makes the metrics of requests. @returns the function that makes the counting function of a route */
export function createRequestMetrics(registry: Registry): (method: string, route: string) => RecordResponse {
  // Counted as plain numbers and passed to the library at a scrape: it joins the labels to a string at each increment.
  const counts: Count[] = []
  new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by route template',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, answers } of counts) this.inc(labels, answers)
    },
  })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the head of its answer',
    labelNames: ['method', 'route'],
    buckets: durationBuckets,
    registers: [registry],
  })
  return (method, route) => {
    const duration = durations.labels({ method, route })
    const byStatus = new Map<number, Count>()
    return (startedMs, status) => {
      let count = byStatus.get(status)
      if (count === undefined) {
        count = { labels: { method, route, status: String(status) }, answers: 0 }
        byStatus.set(status, count)
        counts.push(count)
      }
      count.answers += 1
      duration.observe((performance.now() - startedMs) / 1000)
    }
  }
}
