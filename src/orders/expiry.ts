import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import type { Pool } from '../platform/postgres.ts'
import { expireUnpaid, type OnChanged } from './commands.ts'
import type { StatusChangePart } from './status-change-part.ts'

/** Orders expired by one transaction: few, so that no lock is held for long. */
const batchOrdersMax = 100
const pauseMs = 5_000

/**
 * Expires orders that have waited too long for their payment, until told to stop. After downtime it works without pauses
 * until nothing is due. Several instances may do it at once.
 */
export async function runExpiry(
  options: {
    pool: Pool
    expiresAfterMs: number
    /** Milliseconds since 1970 by the clock of the database. */
    now: () => number
    /** Whether the clock is right. Otherwise nothing expires, since that cannot be undone. */
    isClockRight: () => boolean
    onChanged: OnChanged
    /** What modules do when the status changes. */
    parts: readonly StatusChangePart[]
    log: Logger
  },
  stop: AbortSignal,
): Promise<void> {
  const { pool, expiresAfterMs, now, isClockRight, onChanged, parts, log } = options
  const run = async () => {
    if (!isClockRight()) return
    const nowMs = now()
    const due = { unpaidSinceMs: nowMs - expiresAfterMs, ordersMax: batchOrdersMax, nowMs, onChanged, parts }
    const expired = await expireUnpaid(pool, due)
    if (expired > 0) log.info({ expired }, 'unpaid orders have expired')
    return expired < batchOrdersMax ? 'done' : 'more'
  }
  await runPeriodically({ run, pauseMs, failure: 'unpaid orders could not be expired', log }, stop)
}
