import type { Logger } from './log.ts'
import { type Registry, recordReadings } from './metrics.ts'
import { runPeriodically } from './periodic.ts'
import type { Pool } from './postgres.ts'

/**
 * The time by the clock of the database, for all instances the same. What one instance's own clock says decides nothing: an
 * instance whose clock is two days ahead would expire every unpaid order. Between two looks at the database's clock the time goes
 * on by the monotonic clock, so setting the own clock changes nothing either.
 */

/** A clock that is off by more than that takes no part in what cannot be taken back. */
export const offsetMaxMs = 60_000

/** How often the database is asked for the time. */
const pauseMs = 1_000

/** What tells the time: of the machine, which can be set, and of a clock that only goes on. In milliseconds. */
export type Clocks = { wall: () => number; monotonic: () => number }

export class DatabaseClock {
  readonly #clocks: Clocks
  /** The database's clock less the monotonic one. */
  #aheadMs: number | undefined

  constructor(clocks: Clocks = { wall: Date.now, monotonic: () => performance.now() }) {
    this.#clocks = clocks
  }

  /** Milliseconds since 1970 by the database's clock; by the own one as long as the database was never asked. */
  readonly now = (): number => {
    const { wall, monotonic } = this.#clocks
    return this.#aheadMs === undefined ? wall() : Math.floor(monotonic() + this.#aheadMs)
  }

  /** By how many milliseconds the own clock is ahead of the database's; undefined as long as that was never asked. */
  get offsetMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : this.#clocks.wall() - this.now()
  }

  /** Whether the own clock and the database's agree, to a minute. One that was never compared does not. */
  readonly isRight = (): boolean => {
    const { offsetMs } = this
    return offsetMs !== undefined && Math.abs(offsetMs) <= offsetMaxMs
  }

  /** Asks the database for its time. @throws the database's error */
  async look(pool: Pool): Promise<void> {
    const askedMs = this.#clocks.monotonic()
    const { rows } = await pool.query<{ ms: number }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as ms',
    )
    const [row] = rows
    if (row !== undefined) this.heard(row.ms, askedMs, this.#clocks.monotonic())
  }

  /**
   * Takes the database's time, which it had between two moments of the monotonic clock: what was known is kept as far as it
   * agrees, so that a slow answer moves nothing.
   */
  heard(databaseMs: number, askedMs: number, answeredMs: number): void {
    const [least, most] = [databaseMs - answeredMs, databaseMs - askedMs]
    this.#aheadMs = Math.min(Math.max(this.#aheadMs ?? (least + most) / 2, least), most)
  }
}

/** Says by a metric how far the own clock is from the database's. */
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
 * Asks the database for the time until told to stop, and logs when the clock of this machine is wrong, and when it is right
 * again. While the database is away the time goes on from what it said last.
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
        "the clock of this machine is not the database's: it expires and removes nothing until it is set",
      )
  }
  const run = () => clock.look(pool).finally(noteOffset)
  await runPeriodically({ run, pauseMs, failure: 'the time of the database could not be read', log }, stop)
}
