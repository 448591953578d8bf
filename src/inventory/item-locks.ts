import { advisoryLockSpaces } from '../advisory-locks.ts'
import { arrayOf } from '../platform/array-text.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip, type Statement } from '../platform/round-trip.ts'

/**
 * How many locks all items share. A transaction may name thousands of items, and the server has a table of a few thousand locks; two
 * items that share a lock wait for each other, and nothing else.
 */
export const itemLocks = 256

/**
 * Locks items until the transaction ends, each once and in ascending order, so that two transactions never wait for each other. Whatever
 * writes stock holds these locks. They are those of the items' streams as well, so a transaction that writes events of items takes them
 * before its first write. One that also locks orders takes those first: it does not wait for them.
 *
 * Waits for locks that others hold, for as long as `lock_timeout` says.
 *
 * @throws the database's error 55P03 when that is over: an outage, which may be tried again
 */
export async function lockItems(client: PoolClient, chrtIds: readonly number[]): Promise<void> {
  if (chrtIds.length > 0) await inOneRoundTrip(client, [lockingOf(chrtIds)])
}

/** The statement of `lockItems`, for a caller that sends it with others. */
export function lockingOf(chrtIds: readonly number[]): Statement<undefined> {
  return command(
    `select pg_advisory_xact_lock($2, number)
       from (select distinct hashint8(chrt_id) & ${itemLocks - 1} as number
               from unnest($1::bigint[]) wanted (chrt_id)
              order by number) locks`,
    [arrayOf(chrtIds, chrtId => chrtId), advisoryLockSpaces.items],
  )
}
