import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, catalogue } from '../errors.ts'
import { type Backoff, backoffMs } from './backoff.ts'
import type { Logger } from './log.ts'
import { isPowerOfTwo } from './periodic.ts'
import { isOutage } from './postgres.ts'

const backoff: Backoff = { firstMs: 100, maxMs: 5_000 }

/**
 * Repeats work that fails for a transient reason, until it succeeds or the service stops.
 *
 * @param what is waiting, for the log
 * @throws what `work` threw when that is not transient; an AbortError when the service stops
 */
export async function retryWhileUnavailable<Result>(
  work: () => Promise<Result>,
  what: string,
  log: Logger,
  stop: AbortSignal,
): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work()
    } catch (error) {
      if (stop.aborted || !isTransient(error)) throw error
      if (isPowerOfTwo(failures)) log.warn({ err: error, failures }, what)
      await sleep(backoffMs(backoff, failures, Math.random()), undefined, { signal: stop })
    }
  }
}

/** Whether the same may succeed later: the database or the broker is down, or the service is overloaded. */
export function isTransient(error: unknown): boolean {
  return error instanceof AppError ? catalogue[error.code].consumer === 'retry' : isOutage(error)
}
