import type { Shot, Shots } from './orders.ts'
import { LoadCounts, type LoadProgress, type LoadReport } from './report.ts'
import type { Schedule } from './schedule.ts'
import type { Outcome, Target } from './targets.ts'

export type LoadOptions = {
  schedule: Schedule
  ratePerSecond: number
  target: Target
  shots: Shots
  /** How long orders that are due at the end may still be sent. */
  timeoutMs: number
  onSecond(progress: LoadProgress): void
}

const tickMs = 1
const secondMs = 1_000

/**
 * Puts load on a service at a rate that does not depend on its responses (an open model): each order is due at a time fixed in advance,
 * and its latency counts from then. So an order that had to wait for earlier ones shows the wait, which a closed-loop generator
 * would leave out (coordinated omission).
 *
 * Orders are made when they are sent, so a backlog takes no memory. At most as many sends are in progress as the target has lanes.
 *
 * @param stop ends the load early, after the sends in progress
 */
export async function runLoad(options: LoadOptions, stop: AbortSignal): Promise<LoadReport> {
  const { schedule, target, timeoutMs } = options
  const counts = new LoadCounts()
  const startedMs = performance.now()
  const elapsedMs = () => performance.now() - startedMs
  const lastDueMs = schedule.dueMs(schedule.total)
  let due = 0
  let free = target.lanes
  let lastSentMs = 0

  const isOver = () => stop.aborted || elapsedMs() > lastDueMs + timeoutMs || counts.sent === schedule.total
  const pump = () => {
    if (isOver()) return
    due = schedule.dueBy(elapsedMs())
    while (free > 0 && counts.sent < due) {
      const count = Math.min(due - counts.sent, target.batchMax)
      free -= 1
      lastSentMs = elapsedMs()
      void fire(options, counts, startedMs, count).finally(() => {
        free += 1
        pump()
      })
    }
  }

  const ticking = setInterval(pump, tickMs)
  const telling = setInterval(() => options.onSecond(counts.progress(due - counts.sent)), secondMs)
  // Every send has a deadline, so this ends.
  while (!isOver() || free < target.lanes) await new Promise(resolve => setTimeout(resolve, 5))
  clearInterval(ticking)
  clearInterval(telling)
  // A load that was ended early is judged by the time that it had.
  const sendingMs = stop.aborted ? lastSentMs : Math.max(lastSentMs, lastDueMs)
  return summarize(options, counts, due, sendingMs / 1000)
}

/** Sends the next orders and counts their outcomes. */
async function fire(
  { schedule, shots, target }: LoadOptions,
  counts: LoadCounts,
  startedMs: number,
  count: number,
): Promise<void> {
  const first = counts.sent
  counts.sent += count
  const fired: Shot[] = Array.from({ length: count }, () => shots.next(Date.now()))
  const outcomes: Outcome[] = await target.send(fired)
  const answeredMs = performance.now()
  for (const [index, shot] of fired.entries()) {
    const outcome = outcomes[index]
    if (outcome === undefined) throw new Error('the target has not said what became of every order')
    counts.count(outcome, answeredMs - startedMs - schedule.dueMs(first + index))
    if (outcome.verdict === 'accepted' && shot.kind === 'new') shots.accepted(shot)
  }
}

function summarize(
  { target, ratePerSecond }: LoadOptions,
  counts: LoadCounts,
  due: number,
  seconds: number,
): LoadReport {
  return {
    target: target.description,
    rate_asked: ratePerSecond,
    rate_reached: seconds === 0 ? 0 : rounded(counts.sent / seconds, 1),
    seconds: rounded(seconds, 3),
    due,
    sent: counts.sent,
    not_sent: due - counts.sent,
    outcomes: counts.outcomes,
    unexpected: counts.verdicts.unexpected,
    latency_ms: counts.latencies(),
    latency_is: target.latency,
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
