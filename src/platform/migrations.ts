import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { type PostgresAddress, withClient } from './postgres.ts'

/** Any number that no other program on the database takes; all our instances take the same. */
const migrationLock = 7_306_291

/** A migration may rewrite large tables, and wait for another instance that does. */
const migrationDeadlineMs = 24 * 3_600_000

type Migration = { version: number; name: string; sql: string; digest: string }

export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/**
 * Applies the migrations of a folder that the database does not have yet, in the order of their numbers, each in a
 * transaction. Instances that start at once wait for each other.
 *
 * @param folder plain SQL files named `0001_what.sql`
 * @param upTo the name of the last one that is applied; all when undefined
 * @returns the names of those it applied
 * @throws MigrationError when an applied migration's text has changed since; the database's error when one fails
 */
export function migrate(address: PostgresAddress, folder: string, upTo?: string): Promise<string[]> {
  return withClient(address, 'orders migration', migrationDeadlineMs, async client => {
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    await client.query(`
      create table if not exists schema_migrations (
        version    integer     primary key,
        name       text        not null,
        digest     text        not null,
        applied_at timestamptz not null default now()
      )`)
    const { rows } = await client.query<{ version: number; digest: string }>(
      'select version, digest from schema_migrations',
    )
    const digests = new Map(rows.map(row => [row.version, row.digest]))
    const applied: string[] = []
    for (const migration of await readMigrations(folder)) {
      if (upTo !== undefined && migration.name > upTo) break
      const digest = digests.get(migration.version)
      if (digest === undefined) {
        await apply(client, migration)
        applied.push(migration.name)
      } else if (digest !== migration.digest) {
        throw new MigrationError(`migration ${migration.name} was changed after it was applied; add a new one instead`)
      }
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

async function apply(client: Client, { version, name, sql, digest }: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query('insert into schema_migrations (version, name, digest) values ($1, $2, $3)', [
      version,
      name,
      digest,
    ])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw new MigrationError(`migration ${name} failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}
