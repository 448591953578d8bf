import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { expireUnpaid, type OnChanged } from './commands.ts'

/** Orders expired by one transaction: few, so that no lock is held for long. */
const batchOrdersMax = 100
const pauseMs = 5_000

/**
 * Expires orders that have waited too long for their payment, until told to stop. After downtime it works without pauses
 * until nothing is due. Any number of instances may do it at once.
 */
export async function keepExpiring(
  options: {
    pool: Pool
    expiresAfterMs: number
    /** Milliseconds since 1970 by the clock of the database. */
    now: () => number
    /** Whether the time can be relied on: otherwise nothing expires, since that cannot be taken back. */
    isClockRight: () => boolean
    onChanged: OnChanged
    log: Logger
  },
  stop: AbortSignal,
): Promise<void> {
  const { pool, expiresAfterMs, now, isClockRight, onChanged, log } = options
  while (!stop.aborted) {
    let expired = 0
    try {
      const nowMs = now()
      const unpaidSinceMs = nowMs - expiresAfterMs
      const due = { unpaidSinceMs, ordersMax: batchOrdersMax, nowMs, onChanged }
      if (isClockRight()) expired = await expireUnpaid(pool, due)
      if (expired > 0) log.info({ expired }, 'unpaid orders have expired')
    } catch (error) {
      log.warn({ err: error }, 'unpaid orders could not be expired; they will be the next time')
    }
    if (expired < batchOrdersMax) await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined)
  }
}
