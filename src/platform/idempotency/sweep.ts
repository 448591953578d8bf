import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../log.ts'
import type { Pool } from '../postgres.ts'
import { removeOldKeys } from './queries.ts'

const keptForMs = 24 * 3_600_000
/** Removed by one statement: few, so that no lock is held for long. */
const batchRowsMax = 500
const pauseMs = 60_000

/**
 * Removes the answers of requests with an Idempotency-Key a day after they were given, until told to stop. After downtime it
 * works without pauses until nothing is due. Every instance does it: they leave each other's rows, so none has to be chosen.
 */
export async function keepForgetting(
  options: { pool: Pool; isClockRight: () => boolean; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const { pool, isClockRight, log } = options
  while (!stop.aborted) {
    let removed = 0
    try {
      if (isClockRight()) removed = await removeOldKeys(pool, keptForMs, batchRowsMax)
    } catch (error) {
      log.warn({ err: error }, 'old idempotency keys could not be removed; they will be the next time')
    }
    if (removed < batchRowsMax) await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined)
  }
}
