import { createHistogram } from 'node:perf_hooks'
import type { Outcome } from './targets.ts'

/** Latencies, in milliseconds. */
export type Latencies = { p50: number; p90: number; p99: number; p99_9: number; max: number }

export type LoadReport = {
  target: string
  /** Orders a second; less when the load was ended early, or the service was slower. */
  rate_asked: number
  rate_reached: number
  seconds: number
  /** Orders that were due, and those of them that were not sent since no connection was free. */
  due: number
  sent: number
  not_sent: number
  /** By the status of the response, or the error. */
  outcomes: Record<string, number>
  /** The number of unexpected outcomes. */
  unexpected: number
  /** Of every order that was sent, also without a response. */
  latency_ms: Latencies
  latency_is: string
}

/** Progress for the line of a second; latencies are those since the last line. */
export type LoadProgress = Record<Outcome['verdict'] | 'sent' | 'waiting', number> & { p50Ms: number; p99Ms: number }

/** An HDR histogram: three significant digits from a microsecond to an hour, in constant memory. */
const range = { lowest: 1, highest: 3_600_000_000, figures: 3 }

/** Counts the outcomes of a load. */
export class LoadCounts {
  sent = 0
  readonly outcomes: Record<string, number> = {}
  readonly verdicts: Record<Outcome['verdict'], number> = { accepted: 0, refused: 0, busy: 0, unexpected: 0 }
  readonly #all = createHistogram(range)
  readonly #latest = createHistogram(range)

  /** @param latencyMs since the order was due, not since it was sent */
  count(outcome: Outcome, latencyMs: number): void {
    this.outcomes[outcome.name] = (this.outcomes[outcome.name] ?? 0) + 1
    this.verdicts[outcome.verdict] += 1
    const microseconds = Math.min(Math.max(Math.round(latencyMs * 1000), range.lowest), range.highest)
    this.#all.record(microseconds)
    this.#latest.record(microseconds)
  }

  /** @param waiting how many are due and not sent */
  progress(waiting: number): LoadProgress {
    const latest = this.#latest
    const progress = {
      ...this.verdicts,
      sent: this.sent,
      waiting,
      p50Ms: latest.percentile(50) / 1000,
      p99Ms: latest.percentile(99) / 1000,
    }
    latest.reset()
    return progress
  }

  latencies(): Latencies {
    // A histogram returns the upper bound of a bucket, which may exceed the largest value a little.
    const at = (percent: number) => Math.min(this.#all.percentile(percent), this.#all.max) / 1000
    return { p50: at(50), p90: at(90), p99: at(99), p99_9: at(99.9), max: this.#all.max / 1000 }
  }
}
