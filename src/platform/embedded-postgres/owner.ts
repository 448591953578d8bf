import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError, escapeIdentifier } from 'pg'
import { advisoryLocks } from '../../advisory-locks.ts'
import { openSession, type PostgresAddress } from '../postgres.ts'
import { type Folder, socketPath } from './folder.ts'
import { EmbeddedPostgresError } from './program.ts'

/** Where a database of the server on the folder is found. */
export function addressOf(folder: Folder, database: string): PostgresAddress {
  return { host: folder.socket, port: 5432, user: 'postgres', password: undefined, database }
}

/** A connection to the server on the folder; undefined when none answers or it does not take connections now. */
export async function connect(folder: Folder): Promise<Client | undefined> {
  if (!existsSync(socketPath(folder))) return undefined
  const address = addressOf(folder, 'postgres')
  const client = new Client({ ...address, password: '', ssl: false, connectionTimeoutMillis: 5_000 })
  // Its end tells everything; without a listener an error would end the process.
  client.on('error', () => undefined)
  try {
    // Among others without `idle_session_timeout`: the connection that holds the lock says nothing for days.
    await openSession(client)
    return client
  } catch {
    await client.end().catch(() => undefined)
    return undefined
  }
}

/**
 * Takes the lock that says to whom the server belongs. It is given back when the connection ends, that is also when
 * this process is killed.
 *
 * @returns false: another service that is alive has it
 */
export async function takeOwnership(client: Client, timeoutMs: number): Promise<boolean> {
  // The lock of a service that has just been killed is free as soon as its server has noticed.
  for (const until = performance.now() + timeoutMs; ; await sleep(25)) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [
      advisoryLocks.embeddedPostgresOwner,
    ])
    if (rows[0]?.taken === true) return true
    if (performance.now() > until) return false
  }
}

/** Whether a living service has the lock; asks without touching it. */
export async function isOwned(client: Client): Promise<boolean> {
  // A lock of 64 bits is listed in two halves; the database is that of the connection, `postgres`.
  const { rowCount } = await client.query(
    `select from pg_locks
      where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) + objid::bigint = $1`,
    [advisoryLocks.embeddedPostgresOwner],
  )
  return rowCount !== 0
}

/** The server's version, like '18.4'. */
export async function versionOf(client: Client): Promise<string> {
  const { rows } = await client.query('show server_version')
  return String(rows[0]?.server_version)
}

/** Creates a database unless it exists. */
export async function ensureDatabase(client: Client, name: string) {
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
  if (rowCount === 0) await client.query(`create database ${escapeIdentifier(name)} owner postgres`)
}

/** Whether an error is what the server answered, and not that it went away. */
export function isAnswer(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && !error.code?.startsWith('57P')
}

/** The refusal of a folder that another living service works with. */
export function inUse(folder: Folder): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `Another instance of the service is running on the data directory ${folder.root}: ` +
      'stop that one, or set DATA_DIR to another directory.',
  )
}

/** The refusal of a server that runs and says it is ready, and lets nobody in. */
export function unreachable(folder: Folder, pid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `PostgreSQL (process ${pid}) runs on ${folder.root} and cannot be reached at ${folder.socket}: end it with "kill -INT ${pid}".`,
  )
}
