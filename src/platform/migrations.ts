import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { advisoryLocks } from '../advisory-locks.ts'
import { type PostgresAddress, withClient } from './postgres.ts'

/** A migration may rewrite large tables, and wait for another instance that does. */
const migrationDeadlineMs = 24 * 3_600_000

type Migration = { version: number; name: string; sql: string; digest: string }

export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/**
 * Applies the migrations of a folder that the database does not have yet, in the order of their numbers, each in a
 * transaction. Instances that start at once wait for each other by a lock of the transaction: a session lock would have no owner
 * behind a pooler in transaction mode.
 *
 * @param folder plain SQL files named `0001_what.sql`
 * @param upTo the name of the last one that is applied; all when undefined
 * @returns the names of those it applied
 * @throws MigrationError when an applied migration's text has changed since; the database's error when one fails
 */
export function migrate(address: PostgresAddress, folder: string, upTo?: string): Promise<string[]> {
  return withClient(address, 'orders migration', migrationDeadlineMs, async client => {
    await locked(client, () =>
      client.query(`
        create table if not exists schema_migrations (
          version    integer     primary key,
          name       text        not null,
          digest     text        not null,
          applied_at timestamptz not null default now()
        )`),
    )
    const applied: string[] = []
    for (const migration of await readMigrations(folder)) {
      if (upTo !== undefined && migration.name > upTo) break
      if (await isApplied(client, migration)) continue
      // Another instance may have been faster; this one has waited for it here.
      const isOurs = await locked(client, async () => !(await isApplied(client, migration)) && apply(client, migration))
      if (isOurs) applied.push(migration.name)
    }
    return applied
  })
}

/** The names of the migrations of a folder, in the order in which they are applied. */
export async function listMigrations(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
}

async function readMigrations(folder: string): Promise<Migration[]> {
  return Promise.all(
    (await listMigrations(folder)).map(async name => {
      const sql = await readFile(join(folder, name), 'utf8')
      return { version: Number(name.slice(0, 4)), name, sql, digest: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** Runs `work` in a transaction while no other instance does. */
async function locked<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  // What the other instance has committed must be visible.
  await client.query('begin isolation level read committed')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.migrations])
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** @throws MigrationError when it was applied with another text */
async function isApplied(client: Client, { version, name, digest }: Migration): Promise<boolean> {
  const { rows } = await client.query<{ digest: string }>('select digest from schema_migrations where version = $1', [
    version,
  ])
  if (rows[0] !== undefined && rows[0].digest !== digest) {
    throw new MigrationError(`migration ${name} was changed after it was applied; add a new one instead`)
  }
  return rows[0] !== undefined
}

async function apply(client: Client, { version, name, sql, digest }: Migration): Promise<true> {
  try {
    await client.query(sql)
    await client.query('insert into schema_migrations (version, name, digest) values ($1, $2, $3)', [
      version,
      name,
      digest,
    ])
    return true
  } catch (error) {
    throw new MigrationError(`migration ${name} failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}
