import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError, escapeIdentifier } from 'pg'
import { advisoryLocks } from '../../advisory-locks.ts'
import { openSession, type PostgresAddress } from '../postgres.ts'
import { type Folder, socketPath } from './folder.ts'
import { EmbeddedPostgresError } from './program.ts'

/** Returns the address of a database of the server on the folder. */
export function addressOf(folder: Folder, database: string): PostgresAddress {
  return { host: folder.socket, port: 5432, user: 'postgres', password: undefined, database }
}

/** Connects to the server on the folder; undefined when none answers or it accepts no connections now. */
export async function connect(folder: Folder): Promise<Client | undefined> {
  if (!existsSync(socketPath(folder))) return undefined
  const address = addressOf(folder, 'postgres')
  const client = new Client({ ...address, password: '', ssl: false, connectionTimeoutMillis: 5_000 })
  // Its end is noticed elsewhere; without a listener an error would end the process.
  client.on('error', () => undefined)
  try {
    // Among others without `idle_session_timeout`: the connection that holds the lock is idle for days.
    await openSession(client)
    return client
  } catch {
    await client.end().catch(() => undefined)
    return undefined
  }
}

/**
 * Takes the lock that marks the owner of the server. It is released when the connection ends, also when this process is killed.
 *
 * @returns false: another service that is alive has it
 */
export async function takeOwnership(client: Client, timeoutMs: number): Promise<boolean> {
  // The lock of a service that was just killed is free as soon as the server has noticed.
  for (const until = performance.now() + timeoutMs; ; await sleep(25)) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [
      advisoryLocks.embeddedPostgresOwner,
    ])
    if (rows[0]?.taken === true) return true
    if (performance.now() > until) return false
  }
}

/** Whether a running service has the lock, without taking it. */
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

/** Whether an error is the server's answer, and not its absence. */
export function isAnswer(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && !error.code?.startsWith('57P')
}

/** Makes the error of a folder that another running service uses. */
export function inUse(folder: Folder): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `Another instance of the service is running on the data directory ${folder.root}: ` +
      'stop that one, or set DATA_DIR to another directory.',
  )
}

/** Makes the error of a server that says it is ready and accepts no connections. */
export function unreachable(folder: Folder, pid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `PostgreSQL (process ${pid}) runs on ${folder.root} and cannot be reached at ${folder.socket}: end it with "kill -INT ${pid}".`,
  )
}
