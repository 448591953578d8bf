import { Client, type ClientConfig, DatabaseError, Pool, type PoolClient } from 'pg'
import { settledWithin, withDeadline } from './deadline.ts'
import type { Logger } from './log.ts'
import { settleSession } from './session.ts'

/** The address of a database and its login. A `host` beginning with '/' is a folder with the server's socket. */
export type PostgresAddress = {
  host: string
  port: number
  user: string
  password: string | undefined
  database: string
}

export type { Pool, PoolClient }

/**
 * One connection, for what the driver's pool cannot tell the end of: given a pool, the connection that it takes would never come back. Type
 * parsers are a connection's, and keep pools out.
 */
export type OneConnection = Pick<PoolClient, 'query' | 'getTypeParser'>

/** Longer than any statement of the service takes; a server that is silent for longer counts as down. */
export const answerDeadlineMs = 15_000

/** How long closing the connections of a pool may take. */
const farewellMs = 1_000

/** How long to wait for a lock: a transaction that holds one for longer must not block all others that want it. */
const lockTimeoutMs = 5_000

/**
 * Returns how every connection is opened. What the driver would take from the environment (`PGPASSWORD`, `PGOPTIONS`, and for a socket
 * `PGSSLMODE`) is set explicitly.
 *
 * @param name the connection's `application_name`
 */
export function clientConfig(address: PostgresAddress, name: string): ClientConfig {
  return {
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    password: address.password ?? '',
    options: '',
    application_name: name,
    connectionTimeoutMillis: 5_000,
    query_timeout: answerDeadlineMs,
    keepAlive: true,
    ...(address.host.startsWith('/') ? { ssl: false } : {}),
  }
}

/**
 * Makes a bounded pool of connections. A connection is opened when it is first needed, so this never fails.
 *
 * @param options connectionsMax: how many at most; name: their `application_name`
 */
export function createPool(
  address: PostgresAddress,
  options: { connectionsMax: number; name: string; log: Logger },
): Pool {
  const pool = new Pool({
    ...clientConfig(address, options.name),
    max: options.connectionsMax,
    idleTimeoutMillis: 60_000,
    // The pool awaits it, although the driver's type does not say so.
    onConnect: client =>
      settleSession(client, {
        // The server gives up a little earlier than the client, so that it does not go on working for nobody.
        statementMs: answerDeadlineMs - 1_000,
        lockMs: lockTimeoutMs,
        idleInTransactionMs: answerDeadlineMs,
      }),
  })
  // An idle connection that the server closes is no error: the pool opens another when one is needed.
  pool.on('error', error => options.log.warn({ err: error }, 'an idle database connection was lost'))
  // A connection that breaks while in use also fails the query that waits on it, where it is handled.
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

/**
 * Ends a pool, and resolves when its connections are closed, or have taken too long. `pool.end` resolves as soon as it has asked for
 * that: a server that is stopped then still has them, and each would be reported as lost.
 */
export async function endPool(pool: Pool): Promise<void> {
  const closed = Promise.withResolvers<void>()
  let open = pool.totalCount
  pool.on('remove', () => {
    open -= 1
    if (open === 0) closed.resolve()
  })
  if (open === 0) closed.resolve()
  await pool.end()
  await settledWithin(closed.promise, farewellMs)
}

/**
 * Runs `work` with a connection of its own, for statements that take longer than those of the service.
 *
 * @param name the connection's `application_name`
 * @param deadlineMs how long each statement may take
 * @throws what `work` threw, and the connection's error
 */
export async function withClient<Result>(
  address: PostgresAddress,
  name: string,
  deadlineMs: number,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...clientConfig(address, name), query_timeout: deadlineMs })
  // A lost connection rejects the query that waits on it; without a listener it would also end the process.
  client.on('error', () => undefined)
  try {
    await openSession(client, deadlineMs)
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Connects a client outside of any pool, and makes its session independent of the server's defaults.
 *
 * @param deadlineMs how long each statement may take
 * @throws the connection's error
 */
export async function openSession(client: Client, deadlineMs: number = answerDeadlineMs): Promise<void> {
  await client.connect()
  await settleSession(client, { statementMs: deadlineMs, lockMs: 0, idleInTransactionMs: 0 })
}

/**
 * Runs `work` in one transaction and commits it.
 *
 * @param deadlineMs how long all of it may take; after that the connection is destroyed and this rejects
 * @throws what `work` threw, after a rollback, or the connection's error. When the connection is lost during the commit
 *   it is not known whether the transaction was committed.
 */
export function inTransaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
  deadlineMs: number = answerDeadlineMs,
): Promise<Result> {
  return withConnection(
    pool,
    async client => {
      await client.query('begin isolation level read committed')
      const result = await work(client)
      await client.query('commit')
      return result
    },
    deadlineMs,
  )
}

/**
 * Runs `work` with one connection of the pool.
 *
 * @param deadlineMs how long all of it may take; after that the connection is destroyed and this rejects
 * @throws what `work` threw; a transaction that it left open is rolled back
 */
export async function withConnection<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
  deadlineMs: number = answerDeadlineMs,
): Promise<Result> {
  const client = await pool.connect()
  try {
    const result = await withDeadline(work(client), deadlineMs, () => {
      throw new Error(`the database did not answer within ${deadlineMs} ms`)
    })
    client.release()
    return result
  } catch (error) {
    await giveBack(client, error)
    throw error
  }
}

/** SQLSTATE object_not_in_prerequisite_state: among others, the server is another one than before. */
const notInState = '55000'

/**
 * The server ends the session with these: shutdown, dropped database and timeouts of the session. Severity is not enough to tell,
 * since servers translate it (`lc_messages`).
 */
const sessionEnds = /^(57P|08)|^25P0[34]$/

/**
 * Whether a connection on which something failed must not be used again: it broke or fell silent, the server has ended its session,
 * or the session is stale. (After a refusal because the server went back in time, the session has cached sequence numbers that were
 * given out before.)
 */
export function isSessionOver(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true
  const { code = '', severity } = error
  return severity === 'FATAL' || severity === 'PANIC' || sessionEnds.test(code) || code === notInState
}

/** Returns a connection on which something failed to the pool, without the transaction that was open, or destroys it. */
async function giveBack(client: PoolClient, error: unknown): Promise<void> {
  if (isSessionOver(error)) return client.release(true)
  await client.query('rollback').then(
    () => client.release(),
    () => client.release(true),
  )
}

/**
 * Classifies an error of the database that a write met:
 * - `data`: the server will never accept these values (SQLSTATE classes 22, 23 and 54);
 * - `outage`: everything else. The server or the network failed, or two transactions collided; the same rows may be accepted
 *   later.
 */
export function faultOf(error: unknown): 'data' | 'outage' {
  const code = error instanceof DatabaseError ? (error.code ?? '') : ''
  return ['22', '23', '54'].includes(code.slice(0, 2)) ? 'data' : 'outage'
}

/** The name of the unique constraint or index that an error says was violated (SQLSTATE 23505); undefined for other errors. */
export function violatedKey(error: unknown): string | undefined {
  return error instanceof DatabaseError && error.code === '23505' ? error.constraint : undefined
}

/** The driver's messages for a lost connection without an error code. */
const lostConnection =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|the database did not answer|connection error and is not queryable|pool after calling end/

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])

/** SQLSTATE classes: connection, rollback by the server, resources, locks, operator, system. */
const outageClasses = new Set(['08', '40', '53', '55', '57', '58'])

/** The server takes no writes: it was demoted to a standby, or fenced off. */
const readOnly = '25006'

/**
 * Whether an error says that the database is down or busy, so that the same may succeed later. Unlike `faultOf`, which classifies
 * errors of writes, it counts nothing as an outage that could be a bug.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseError)
    return error.code === readOnly || outageClasses.has((error.code ?? '').slice(0, 2))
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return unreachable.has(code) || lostConnection.test(error.message)
}

/** SQLSTATE: an administrator, or the crash of another session, ended the session. */
const endedSessions = new Set(['57P01', '57P02'])

/** Whether an error says that a connection broke that was in use. Unlike with a server that is down, another connection may work at once. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DatabaseError) return endedSessions.has(error.code ?? '')
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE' || /Connection terminated|is not queryable/.test(error.message)
}
