import { faultOf, inTransaction, type Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'

/** Tells whether orders can be written: by recent writes, and by a trial write where there were none. */
export type WriteWatch = {
  /**
   * Wraps a write, and notes whether it succeeds.
   *
   * @param hasWritten whether something was written, by the result; always unless given
   */
  noting<Args extends unknown[], Result>(
    write: (...args: Args) => Promise<Result>,
    hasWritten?: (result: Result) => boolean,
  ): (...args: Args) => Promise<Result>
  /** Whether writes go through. @throws Error with the reason when they do not */
  check(): Promise<void>
}

/** How long a successful write counts as proof. */
const provenForMs = 30_000

/** A trial costs WAL, so it is small; after a failure it must be as large as a write of orders. */
const trialBytes = { usual: 16 * 1024, afterFailure: 256 * 1024 }

/** The pause between trials, however often readiness is checked. */
const trialPauseMs = 1_000

const lockTimeoutMs = 500
const trialDeadlineMs = 1_800

/**
 * Makes a watch over writes. A server that answers may still refuse them: its disk may be full, it may have become a standby, or
 * its synchronous standby may be gone.
 */
export function createWriteWatch(pool: Pool): WriteWatch {
  let provenAtMs = Number.NEGATIVE_INFINITY
  let failure: unknown

  const succeeded = () => {
    provenAtMs = performance.now()
    failure = undefined
  }
  const failed = (error: unknown) => {
    // A duplicate, or a value that no database accepts, says nothing about the next write.
    if (faultOf(error) === 'outage') failure = error
  }
  const noting: WriteWatch['noting'] =
    (write, hasWritten = () => true) =>
    async (...args) => {
      try {
        const result = await write(...args)
        if (hasWritten(result)) succeeded()
        return result
      } catch (error) {
        failed(error)
        throw error
      }
    }
  const tryWriting = singleFlight({
    freshMs: trialPauseMs,
    make: noting(() => tryToWrite(pool, failure === undefined ? trialBytes.usual : trialBytes.afterFailure)),
    now: () => performance.now(),
  })

  return {
    noting,
    async check() {
      const { rows } = await pool.query<{ read_only: string }>(
        "select current_setting('transaction_read_only') as read_only",
      )
      if (rows[0]?.read_only === 'on') throw new Error('the server accepts no writes: it is a standby, or read-only')
      const isProven = failure === undefined && performance.now() - provenAtMs < provenForMs
      if (!isProven) await tryWriting()
    },
  }
}

/** Truncating the table in the same transaction gives it new files, so that the row needs new space on disk. */
async function tryToWrite(pool: Pool, sizeBytes: number): Promise<void> {
  await inTransaction(
    pool,
    async client => {
      await client.query(`set local lock_timeout = ${lockTimeoutMs}`)
      await client.query('truncate write_trials')
      await client.query("insert into write_trials (filler) select repeat('.', $1)", [sizeBytes])
    },
    trialDeadlineMs,
  )
}
