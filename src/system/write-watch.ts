import { faultOf, inTransaction, type Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'

/** Knows whether orders can be written: by the writes of the last time, and where there were none by a trial. */
export type WriteWatch = {
  /** The same write, with what becomes of it noted. */
  noting<Args extends unknown[], Result>(write: (...args: Args) => Promise<Result>): (...args: Args) => Promise<Result>
  /** Whether writes go through. @throws Error with the reason when they do not */
  check(): Promise<void>
}

/** For so long a write that went through says that the next one will. */
const provenForMs = 30_000

/** Without a failure a trial costs some WAL for nothing; after one it has to be as hard as a write of orders. */
const trialBytes = { usual: 16 * 1024, afterFailure: 256 * 1024 }

/** However often it is asked. */
const trialPauseMs = 1_000

const lockTimeoutMs = 500
const trialDeadlineMs = 1_800

/**
 * Makes a watch over writes. That the server answers says little: its disk may be full, it may have become a standby, or the
 * standby that it waits for may be gone.
 */
export function createWriteWatch(pool: Pool): WriteWatch {
  let provenAtMs = Number.NEGATIVE_INFINITY
  let failure: unknown

  const succeeded = () => {
    provenAtMs = performance.now()
    failure = undefined
  }
  const failed = (error: unknown) => {
    // An order that is there already, or that no database would take, says nothing of the next.
    if (faultOf(error) === 'outage') failure = error
  }
  const noting: WriteWatch['noting'] =
    write =>
    async (...args) => {
      try {
        const result = await write(...args)
        succeeded()
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
      if (rows[0]?.read_only === 'on')
        throw new Error('the server takes no writes: it is a standby, or it was made read-only')
      const isProven = failure === undefined && performance.now() - provenAtMs < provenForMs
      if (!isProven) await tryWriting()
    },
  }
}

/** Emptying the table in the same transaction gives it new files, so the row never fits into room that was there before. */
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
