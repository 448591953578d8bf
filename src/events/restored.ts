import { type PostgresAddress, withClient } from '../platform/postgres.ts'

/**
 * Tables that were restored into another cluster have a log that is past the ids of its transactions: new events would sort
 * before the old ones, and readers would miss them. The migration that creates `continue_log` describes the
 * remedy.
 */

/** It waits for those who write events. */
const deadlineMs = 60_000

/** What became of the log: it was at home; it is from now on; or something may be missing, and it went on behind all of it. */
export type Settled = 'home' | 'settled' | 'continued'

/**
 * Makes the log at home on the server that it is on, and lets it go on behind everything that it has where it comes from another
 * one. Any number of instances may do so at once: one does it.
 *
 * @param seenXid the newest transaction of the log that this process knows of
 */
export function settleLog(address: PostgresAddress, seenXid = '0'): Promise<Settled> {
  return withClient(address, 'orders log', deadlineMs, async client => {
    const { rows } = await client.query<{ settled: Settled }>('select settle_log($1::xid8) as settled', [seenXid])
    return rows[0]?.settled ?? 'home'
  })
}

/** Lets the log go on whether it seems to come from elsewhere or not: no instance may have run that knows of it. */
export function continueLog(address: PostgresAddress): Promise<void> {
  return withClient(address, 'orders log', deadlineMs, async client => {
    await client.query('select continue_log()')
  })
}
