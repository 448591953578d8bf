import { advisoryLockSpaces } from '../advisory-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'

/**
 * Locks discount codes until the transaction ends, in ascending order, so that two transactions never wait for each other. What counts
 * or changes the uses of a code holds its lock. A transaction that also locks orders, carts or items takes those first.
 *
 * Waits for locks that others hold, for as long as `lock_timeout` says.
 *
 * @param codeKeys as `codeKey` makes them
 */
export async function lockCodes(client: PoolClient, codeKeys: readonly string[]): Promise<void> {
  await client.query(
    `select pg_advisory_xact_lock($2, number)
       from (select distinct hashtext(code_key) as number from unnest($1::text[]) wanted (code_key) order by number) locks`,
    [codeKeys, advisoryLockSpaces.discountCodes],
  )
}
