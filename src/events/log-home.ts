import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import type { Pool, PostgresAddress } from '../platform/postgres.ts'
import type { NewestRead } from './newest-read.ts'
import { continueLog, settleLog } from './restored.ts'

/**
 * The database can go back in time under a running service: a standby takes over that had not received everything, or a backup is
 * put in the server's place. Its transactions then get numbers that readers of the log are past. The migration that creates
 * `settle_log` describes the remedy. This file notices the need for it, by what this instance has read of the log.
 */

/** How often the log's home is checked. */
const pauseMs = 500

/** A log that continues behind what was read leaves out more transactions than this: half the gap of `continue_log`. */
const continuedBy = 500_000_000n

/** The warning in the log of the service when that has happened. */
export const continuedElsewhere =
  'this database was restored from a backup, or another server took over: its event log goes on behind what it has, and behind ' +
  'what was handed out; see docs/backup.md'

type LogHomeOptions = {
  pool: Pool
  address: PostgresAddress
  newest: NewestRead
  /** Called when events may be lost that were read. */
  onContinued: () => void
  log: Logger
}

/** Looks whether the log is at home, until told to stop, and settles it where it is not. */
export class LogHome {
  readonly #options: LogHomeOptions

  constructor(options: LogHomeOptions) {
    this.#options = options
  }

  async run(stop: AbortSignal): Promise<void> {
    const { log } = this.#options
    const failure = 'the position of the event log could not be read'
    await runPeriodically({ run: () => this.look(), pauseMs, failure, log }, stop)
  }

  /** Looks once. @throws the database's error */
  async look(): Promise<void> {
    const { pool, address, newest, onContinued, log } = this.#options
    const { rows } = await pool.query<{ home: boolean; follows: boolean; last: string; next: string }>(
      `select log_home() = log_place() as home, pg_is_in_recovery() as follows, xid as last,
              in_log(pg_snapshot_xmax(pg_current_snapshot())) as next
         from (select last_event_xid() as xid union all select xid from event_log_start) known
        order by xid desc
        limit 1`,
    )
    const [row] = rows
    if (row === undefined) return
    if (!row.home) {
      const settled = await settleLog(address, String(newest.xid))
      if (settled === 'continued') log.warn(continuedElsewhere)
      if (settled !== 'home') onContinued()
      return
    }
    const isMissing = newest.xid > BigInt(row.last) && newest.xid + continuedBy > BigInt(row.next)
    if (isMissing && !row.follows) {
      // Another instance settled the log without having read what is missing.
      await continueLog(address)
      log.warn(continuedElsewhere)
      onContinued()
    } else newest.note(row.last)
  }
}
