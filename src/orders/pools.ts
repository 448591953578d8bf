import { limitConnections } from '../platform/connection-limit.ts'
import type { Pool } from '../platform/postgres.ts'

/**
 * Commands and long reads have a share of the connections each, so that those who take orders in and read single ones always
 * find some. Of very few both have one together.
 */
export function poolsOf(pool: Pool): { commands: Pool; lists: Pool } {
  const { max } = pool.options
  const commands = limitConnections(pool, Math.max(1, Math.floor((max * 3) / 8)))
  return { commands, lists: max < 4 ? commands : limitConnections(pool, Math.floor(max / 4)) }
}
