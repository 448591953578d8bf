import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import type { ApiKey } from './keys.ts'

/** Instances are notified on this channel that keys were made or revoked. */
export const keysChannel = 'api_keys'

export type KeyListing = { id: string; name: string; scopes: string[]; created_at: Date; revoked_at: Date | null }

/** A key as it is listed, with what tells whether it is the one that somebody holds. */
export type KeyRow = KeyListing & { digest: string }

/** More valid keys are refused: every instance has all of them in memory. */
export const keysMax = 1_000

/** The keys that are not revoked. */
export async function readKeys(pool: Pool): Promise<ApiKey[]> {
  const { rows } = await pool.query<ApiKey>(
    `select encode(digest, 'hex') as digest, scopes from api_keys where revoked_at is null`,
  )
  return rows
}

/**
 * Stores a new key by its digest (hex).
 *
 * @param withKey what else is done in the transaction
 * @returns undefined when there are `keysMax` valid keys already
 */
export async function insertKey(
  pool: Pool,
  key: { name: string; digest: string; scopes: readonly string[] },
  withKey: (client: PoolClient, listing: KeyListing) => Promise<void> = async () => undefined,
): Promise<KeyListing | undefined> {
  return changeKeys(pool, async client => {
    const { rows } = await client.query<KeyListing>(
      `insert into api_keys (name, digest, scopes)
       select $1, decode($2, 'hex'), $3
        where (select count(*) from api_keys where revoked_at is null) < ${keysMax}
       returning id, name, scopes, created_at, revoked_at`,
      [key.name, key.digest, key.scopes],
    )
    if (rows[0] !== undefined) await withKey(client, rows[0])
    return rows[0]
  })
}

/** Every key ever made, newest first, without anything that could be used as one. */
export async function listKeys(pool: Pool): Promise<KeyListing[]> {
  const { rows } = await pool.query<KeyListing>(
    'select id, name, scopes, created_at, revoked_at from api_keys order by created_at desc, id desc',
  )
  return rows
}

/** A page of every key ever made, newest first. @param behind the page starts after the key with this id; a UUID */
export async function listKeyPage(pool: Pool, behind: string | undefined, limit: number): Promise<KeyRow[]> {
  const { rows } = await pool.query<KeyRow>(
    `select id, name, scopes, created_at, revoked_at, encode(digest, 'hex') as digest
       from api_keys
      where $1::uuid is null or (created_at, id) < (select created_at, id from api_keys where id = $1)
      order by created_at desc, id desc
      limit $2`,
    [behind ?? null, limit],
  )
  return rows
}

/**
 * Makes a key invalid.
 *
 * @param mayBeLast whether it may be the last one that is valid
 * @returns what it was before: valid, revoked already, unknown; or last, and then it is still valid
 */
export async function revokeKey(
  pool: Pool,
  id: string,
  mayBeLast: boolean,
): Promise<'valid' | 'revoked' | 'unknown' | 'last'> {
  return changeKeys(pool, async client => {
    const { rows } = await client.query<{ is_revoked: boolean; others: number }>(
      `select revoked_at is not null as is_revoked,
              (select count(*)::int from api_keys where revoked_at is null and id::text <> $1) as others
         from api_keys
        where id::text = $1`,
      [id],
    )
    const [found] = rows
    if (found === undefined) return 'unknown'
    if (found.is_revoked) return 'revoked'
    if (found.others === 0 && !mayBeLast) return 'last'
    await client.query('update api_keys set revoked_at = now() where id::text = $1', [id])
    return 'valid'
  })
}

/** Locks the keys against other writers, so that their count holds; readers do not wait. */
function changeKeys<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  return inTransaction(pool, async client => {
    await client.query('lock table api_keys in share row exclusive mode')
    const result = await work(client)
    await client.query(`notify ${keysChannel}`)
    return result
  })
}
