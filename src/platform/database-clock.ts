import type { Logger } from './log.ts'
import { type Registry, recordReadings } from './metrics.ts'
import { runPeriodically } from './periodic.ts'
import type { Pool } from './postgres.ts'

/**
 * The time by the clock of the database, the same for all instances. An instance's own clock decides nothing: one that is two days
 * ahead would expire every unpaid order. Between two reads of the database's clock the monotonic clock is used, so setting the
 * system clock changes nothing either.
 */

/** An instance whose clock is off by more than this does nothing irreversible. */
export const offsetMaxMs = 60_000

/** The pause between two reads of the database's clock. */
const pauseMs = 1_000

/** The system clock, which can be set, and a monotonic one. In milliseconds. */
export type Clocks = { wall: () => number; monotonic: () => number }

export class DatabaseClock {
  readonly #clocks: Clocks
  /** The database's clock minus the monotonic one. */
  #aheadMs: number | undefined

  constructor(clocks: Clocks = { wall: Date.now, monotonic: () => performance.now() }) {
    this.#clocks = clocks
  }

  /** Milliseconds since 1970 by the database's clock; by the system clock until that was read once. */
  readonly now = (): number => {
    const { wall, monotonic } = this.#clocks
    return this.#aheadMs === undefined ? wall() : Math.floor(monotonic() + this.#aheadMs)
  }

  /** How far the system clock is ahead of the database's, in milliseconds; undefined until that was read once. */
  get offsetMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : this.#clocks.wall() - this.now()
  }

  /** Whether the system clock and the database's agree to a minute. One that was never compared does not. */
  readonly isRight = (): boolean => {
    const { offsetMs } = this
    return offsetMs !== undefined && Math.abs(offsetMs) <= offsetMaxMs
  }

  /** Reads the database's clock. @throws the database's error */
  async look(pool: Pool): Promise<void> {
    const askedMs = this.#clocks.monotonic()
    const { rows } = await pool.query<{ ms: number }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as ms',
    )
    const [row] = rows
    if (row !== undefined) this.heard(row.ms, askedMs, this.#clocks.monotonic())
  }

  /**
   * Takes over the database's time, read between two moments of the monotonic clock. What was known is kept as far as it agrees,
   * so that a slow answer changes nothing.
   */
  heard(databaseMs: number, askedMs: number, answeredMs: number): void {
    const [least, most] = [databaseMs - answeredMs, databaseMs - askedMs]
    this.#aheadMs = Math.min(Math.max(this.#aheadMs ?? (least + most) / 2, least), most)
  }
}

/** Records how far the system clock is from the database's. */
export function recordClock(registry: Registry, clock: DatabaseClock): void {
  recordReadings(
    registry,
    {
      name: 'clock_offset_seconds',
      help: "By how much the clock of this instance is ahead of the database's; absent as long as that was never asked",
    },
    async () => (clock.offsetMs === undefined ? [] : [{ value: clock.offsetMs / 1000 }]),
  )
}

/**
 * Reads the database's clock periodically until told to stop, and logs when the system clock is wrong, and when it is right again.
 * While the database is down, time continues from the last read.
 */
export async function followDatabaseClock(
  options: { pool: Pool; clock: DatabaseClock; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const { pool, clock, log } = options
  let wasRight = true
  const noteOffset = () => {
    const { offsetMs } = clock
    if (offsetMs === undefined || clock.isRight() === wasRight) return
    wasRight = !wasRight
    const offset = { aheadBySeconds: Math.round(offsetMs / 1000) }
    if (wasRight) log.info(offset, "the clock of this machine agrees with the database's again")
    else
      log.warn(
        offset,
        "the clock of this machine differs from the database's; this instance expires and removes nothing until it is set",
      )
  }
  const run = () => clock.look(pool).finally(noteOffset)
  await runPeriodically({ run, pauseMs, failure: 'the time of the database could not be read', log }, stop)
}
