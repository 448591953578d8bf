import type { Logger } from '../log.ts'
import { runPeriodically } from '../periodic.ts'
import type { Pool } from '../postgres.ts'
import { removeOldKeys } from './queries.ts'

const keptForMs = 24 * 3_600_000
/** Rows removed by one statement: few, so that no lock is held for long. */
const batchRowsMax = 500
const pauseMs = 60_000

/**
 * Removes the answers of requests with an Idempotency-Key a day after they were given, until told to stop. After downtime it
 * works without pauses until nothing is due. Every instance does it: they skip each other's rows, so no leader is needed.
 */
export async function expireIdempotencyKeys(
  options: { pool: Pool; isClockRight: () => boolean; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const { pool, isClockRight, log } = options
  const run = async () => {
    if (!isClockRight()) return
    return (await removeOldKeys(pool, keptForMs, batchRowsMax)) < batchRowsMax ? 'done' : 'more'
  }
  await runPeriodically({ run, pauseMs, failure: 'old idempotency keys could not be removed', log }, stop)
}
