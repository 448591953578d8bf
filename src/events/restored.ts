import type { Client } from 'pg'
import { type PostgresAddress, withClient } from '../platform/postgres.ts'

/**
 * Tables that were restored into another cluster have a log that is past the ids of its transactions: new events would sort
 * before the old ones, and readers would miss them. What is done about it is said where `continue_log` is made, in the
 * migrations.
 */

/** It waits for those who write events. */
const deadlineMs = 60_000

/**
 * Lets the log go on behind everything that it has, if it comes from another cluster. Any number of instances may do so at
 * once: one does it.
 *
 * @returns whether it was so
 */
export function continueRestoredLog(address: PostgresAddress): Promise<boolean> {
  return withClient(address, 'orders log', deadlineMs, async client => {
    // Nearly always that is all, and nobody has to wait.
    if (!(await isAhead(client))) return false
    await client.query('begin; lock table events in access exclusive mode')
    const isStillAhead = await isAhead(client)
    if (isStillAhead) await client.query('select continue_log()')
    await client.query('commit')
    return isStillAhead
  })
}

/**
 * The same whether the log seems to come from elsewhere or not. A server that went back in time by itself (point-in-time
 * recovery) cannot be told from one that did not.
 */
export function continueLog(address: PostgresAddress): Promise<void> {
  return withClient(address, 'orders log', deadlineMs, async client => {
    await client.query('select continue_log()')
  })
}

async function isAhead(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ ahead: boolean }>('select is_log_ahead() as ahead')
  return rows[0]?.ahead === true
}
