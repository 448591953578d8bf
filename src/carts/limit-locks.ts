import { advisoryLockSpaces } from '../advisory-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip, type Statement } from '../platform/round-trip.ts'

/**
 * The statement that locks what orders use up until the transaction ends, in ascending order, so that two transactions never wait for each
 * other; none for no keys. What counts or changes the uses of a code, or adds to what a customer has ordered of a limited item, holds its
 * lock. A transaction that also locks items takes those behind them.
 *
 * Waits for locks that others hold, for as long as `lock_timeout` says.
 *
 * @param keys as `codeKey` and `unitsKey` make them
 */
export function lockingLimits(keys: readonly string[]): readonly Statement<undefined>[] {
  if (keys.length === 0) return []
  return [
    command(
      `select pg_advisory_xact_lock($2, number)
         from (select distinct hashtext(key) as number from unnest($1::text[]) wanted (key) order by number) locks`,
      [keys, advisoryLockSpaces.limits],
    ),
  ]
}

export async function lockLimits(client: PoolClient, keys: readonly string[]): Promise<void> {
  await inOneRoundTrip(client, lockingLimits(keys))
}
