import type { Pool } from '../platform/postgres.ts'
import type { ApiKey } from './keys.ts'

/** Instances are told on this channel that keys were made or revoked. */
export const keysChannel = 'api_keys'

export type KeyListing = { id: string; name: string; scopes: string[]; created_at: Date; revoked_at: Date | null }

/** The keys that are not revoked. */
export async function readKeys(pool: Pool): Promise<ApiKey[]> {
  const { rows } = await pool.query<ApiKey>(
    `select encode(digest, 'hex') as digest, scopes from api_keys where revoked_at is null`,
  )
  return rows
}

/** Stores a new key by its digest (hex). */
export async function insertKey(pool: Pool, name: string, digest: string, scopes: readonly string[]): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into api_keys (name, digest, scopes) values ($1, decode($2, 'hex'), $3) returning id`,
    [name, digest, scopes],
  )
  await pool.query(`notify ${keysChannel}`)
  return rows[0]?.id ?? ''
}

/** Every key ever made, newest first, without anything that could be used as one. */
export async function listKeys(pool: Pool): Promise<KeyListing[]> {
  const { rows } = await pool.query<KeyListing>(
    'select id, name, scopes, created_at, revoked_at from api_keys order by created_at desc, id',
  )
  return rows
}

/** @returns whether there was such a key that was not revoked yet */
export async function revokeKey(pool: Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    'update api_keys set revoked_at = now() where id::text = $1 and revoked_at is null',
    [id],
  )
  await pool.query(`notify ${keysChannel}`)
  return rowCount === 1
}
