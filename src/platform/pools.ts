import { limitConnections } from './connection-limit.ts'
import type { Pool } from './postgres.ts'
import { retryingReads } from './retrying-reads.ts'

/**
 * Shares the connections out: commands and long reads have a part each, so that the intake and reads of single orders always find
 * some. Of very few connections both have one part together. Reads meet a connection that has broken without failing.
 */
export function poolsOf(pool: Pool): { commands: Pool; lists: Pool; single: Pool } {
  const { max } = pool.options
  const commands = limitConnections(pool, Math.max(1, Math.floor((max * 3) / 8)))
  const lists = max < 4 ? commands : limitConnections(pool, Math.floor(max / 4))
  return { commands, lists: retryingReads(lists), single: retryingReads(pool) }
}
