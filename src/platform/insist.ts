import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, catalogue } from '../errors.ts'
import type { Logger } from './log.ts'
import { isOutage } from './postgres.ts'

/**
 * Repeats what an outage makes fail, until it succeeds or the service stops.
 *
 * @param what is waiting, for the log
 * @throws what `work` threw when it is no outage, or the service stops
 */
export async function insist<Result>(
  work: () => Promise<Result>,
  what: string,
  log: Logger,
  stop: AbortSignal,
): Promise<Result> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await work()
    } catch (error) {
      if (stop.aborted || !isPassing(error)) throw error
      log.warn({ err: error, failures }, what)
      await sleep(Math.min(100 * 2 ** failures, 5_000), undefined, { signal: stop })
    }
  }
}

/** Whether an error says that the same may succeed later. */
export function isPassing(error: unknown): boolean {
  return error instanceof AppError ? catalogue[error.code].consumer === 'retry' : isOutage(error)
}
