import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from './backoff.ts'
import type { Logger } from './log.ts'

/** Work that is repeated. */
export type PeriodicTask = {
  /** Does the work once. Resolves to 'more' when there is more to do at once: then no pause comes before the next run. */
  run(): Promise<unknown>
  /** The time between the end of a run and the start of the next, in milliseconds. */
  pauseMs: number
  /** The first pause after a failed run (`pauseMs`); it grows to `pauseMs` while runs keep failing. */
  retryMs?: number
  /** Whether a run or a pause comes first ('with a run'). */
  begins?: 'with a run' | 'with a pause'
  /** What the log says of a failed run, such as 'unpaid orders could not be expired'. */
  failure: string
  log: Logger
}

/**
 * Runs a task periodically until told to stop. A run that fails is logged and tried again; of many failures in a row the 1st,
 * 2nd, 4th, 8th … are logged, so that a night without the database does not fill the log.
 *
 * @param random spreads the pauses after failures, see `backoffMs`
 */
export async function runPeriodically(
  task: PeriodicTask,
  stop: AbortSignal,
  random: () => number = Math.random,
): Promise<void> {
  const { pauseMs, retryMs = pauseMs, failure, log } = task
  let failures = 0
  if (task.begins === 'with a pause') await pause(pauseMs, stop)
  while (!stop.aborted) {
    let outcome: unknown
    try {
      outcome = await task.run()
      failures = 0
    } catch (error) {
      failures += 1
      if (isPowerOfTwo(failures)) log.warn({ err: error, failures }, `${failure}; trying again`)
    }
    if (failures > 0) await pause(backoffMs({ firstMs: retryMs, maxMs: pauseMs }, failures, random()), stop)
    else if (outcome !== 'more') await pause(pauseMs, stop)
  }
}

/** Waits, or returns as soon as `stop` is aborted. @param ms milliseconds */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined)
}

/** Whether a failure is one to be logged out of many in a row: the 1st, 2nd, 4th, 8th … */
export function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count))
}
