import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import type { Pool, PostgresAddress } from '../platform/postgres.ts'
import { settleLog } from './restored.ts'

/**
 * The database can go back in time under a running service: a standby takes over that had not received everything, or a backup is
 * put in the server's place. Its transactions then get numbers that readers of the log are past. The migration that creates `settle_log`
 * describes the remedy; here is who notices it. What an instance has seen of the log it keeps in memory,
 * which no restore takes back.
 */

/** How often the log's home is checked. */
const pauseMs = 500

/** The warning in the log of the service when that has happened. */
export const continuedElsewhere =
  'this database was restored from a backup, or another server took over: its event log goes on behind what it has, and behind ' +
  'what was handed out; see docs/backup.md'

/** Looks whether the log is at home, until told to stop, and settles it where it is not. */
export class LogHome {
  readonly #options: { pool: Pool; address: PostgresAddress; onContinued: () => void; log: Logger }
  #seenXid = '0'

  /** @param options onContinued: hears that events may be lost that were seen */
  constructor(options: { pool: Pool; address: PostgresAddress; onContinued: () => void; log: Logger }) {
    this.#options = options
  }

  async run(stop: AbortSignal): Promise<void> {
    const { log } = this.#options
    const failure = 'the position of the event log could not be read'
    await runPeriodically({ run: () => this.look(), pauseMs, failure, log }, stop)
  }

  /** Looks once. @throws the database's error */
  async look(): Promise<void> {
    const { pool, address, onContinued, log } = this.#options
    const { rows } = await pool.query<{ home: boolean; newest: string; seen_more: boolean }>(
      `select log_home() = log_place() as home, newest, newest > $1::xid8 as seen_more
         from (select last_event_xid() as newest) events`,
      [this.#seenXid],
    )
    const [row] = rows
    if (row === undefined) return
    if (row.home) {
      // Only of a log that is at home: of another one it would hide what is missing.
      if (row.seen_more) this.#seenXid = row.newest
      return
    }
    const settled = await settleLog(address, this.#seenXid)
    if (settled === 'continued') log.warn(continuedElsewhere)
    if (settled !== 'home') onContinued()
  }
}
