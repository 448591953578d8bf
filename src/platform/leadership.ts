import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type QueryResult } from 'pg'
import { type Backoff, backoffMs } from './backoff.ts'
import { settledWithin } from './deadline.ts'
import type { Logger } from './log.ts'
import { pause } from './periodic.ts'
import { clientConfig, openSession, type PostgresAddress } from './postgres.ts'

/** How often a lock that another instance holds is tried, and the lease is renewed. */
const intervalMs = 500

/** The holder of the lock begins a new transaction after this many renewals: one that is open for minutes rightly alarms operators. */
const checksPerTransaction = 120

/** How long the leader may go on after its last successful renewal was sent, in milliseconds. */
export const leaseMs = 4_000

/**
 * How long the database keeps the lock for a silent session. Longer than the lease, so that nobody else leads while the lease lasts,
 * whether the leader is frozen, hung, cut off, or its host gone.
 */
export const silenceMaxMs = 7_000

/** How long closing the connection may take: the database may be the one that fell silent. */
const farewellMs = 1_000

/** Work that one instance at a time does. */
export type Leadership = {
  address: PostgresAddress
  /** The number of the lock that the leader holds. */
  lock: number
  /** The connection's `application_name`. */
  name: string
  /** What the leader does, without the subject: `publishes the event log`. */
  does: string
  log: Logger
}

/** The right to lead, for as long as it is renewed. */
export type Lease = {
  /** Aborted when the work must end: the service stops, or the lease is lost. */
  readonly ends: AbortSignal
  /** Aborted when the lease is lost: work under way must be cancelled. */
  readonly lost: AbortSignal
  /** Call it right before anything leaves the process. @throws LeaseLostError when another instance may lead by now */
  assertHeld(): void
}

/** The lease was not renewed in time: another instance may lead by now. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

const notRenewed = `the lease was not renewed within ${leaseMs} ms`
const backoff: Backoff = { firstMs: 400, maxMs: 5_000 }

/**
 * Runs `work` on one instance at a time, the leader, until told to stop: the one that holds an advisory lock. When the leader goes
 * away, hangs, or loses its connection, another takes over within seconds; when the work fails it restarts after a pause.
 *
 * @param work must end when its lease says so; it reports progress, which resets the count of failures
 */
export async function runAsLeader(
  leadership: Leadership,
  stop: AbortSignal,
  work: (lease: Lease, onProgress: () => void) => Promise<void>,
): Promise<void> {
  const { does, log } = leadership
  let failures = 0
  const onProgress = () => {
    failures = 0
  }
  while (!stop.aborted) {
    try {
      await holdLock(leadership, stop, async lease => {
        log.info(`this instance ${does}`)
        await work(lease, onProgress)
      })
    } catch (error) {
      if (stop.aborted) return
      if (failures === 0) log.warn({ err: error }, `interrupted: the instance that ${does} continues where it was`)
      failures += 1
    }
    await pause(backoffMs(backoff, failures, Math.random()), stop)
  }
}

/**
 * Waits until this process holds the lock, which only one session of the database can have, and works while it does. The lock is
 * released with the session, however that ends; the server ends a session that is silent for too long.
 *
 * @throws the connection's error, LeaseLostError, and what `work` throws
 */
async function holdLock(options: Leadership, stop: AbortSignal, work: (lease: Lease) => Promise<void>): Promise<void> {
  const client = new Client(clientConfig(options.address, options.name))
  const lost = new AbortController()
  client.on('error', error => lost.abort(error))
  client.on('end', () => lost.abort(new Error('the connection that held the lock was closed')))
  const ends = AbortSignal.any([stop, lost.signal])
  try {
    await openSession(client)
    let askedAt = now()
    while (!(await tryLock(client, options.lock))) {
      await client.query('rollback')
      await sleep(intervalMs, undefined, { signal: ends })
      askedAt = now()
    }
    let checks = 0
    const renew = async () => {
      checks += 1
      if (checks % checksPerTransaction !== 0) await client.query('select 1')
      else if (!(await tryLock(client, options.lock, 'commit'))) throw new LeaseLostError('another has taken the lock')
    }
    const lease = createLease(renew, askedAt, ends, lost)
    try {
      await work(lease)
    } finally {
      lease.stopRenewing()
    }
    if (lost.signal.aborted && !stop.aborted) throw lost.signal.reason
  } finally {
    await settledWithin(client.end(), farewellMs).catch(() => undefined)
  }
}

/** @param renew asks the database whether the lock is still held; heldSince: when the lock was requested */
function createLease(renew: () => Promise<void>, heldSince: Moment, ends: AbortSignal, lost: AbortController) {
  let renewedAt = heldSince
  let isAsking = false
  const isOver = () => msSince(renewedAt) >= leaseMs
  const lease: Lease = {
    ends,
    lost: lost.signal,
    assertHeld() {
      if (isOver()) lost.abort(new LeaseLostError(notRenewed))
      if (lost.signal.aborted) throw new LeaseLostError(notRenewed, { cause: lost.signal.reason })
    },
  }
  const timer = setInterval(() => {
    if (isOver()) lost.abort(new LeaseLostError(notRenewed))
    if (lost.signal.aborted) return clearInterval(timer)
    if (isAsking) return
    isAsking = true
    const askedAt = now()
    renew().then(
      () => {
        isAsking = false
        // An answer that was read late, after a freeze, does not revive a lease.
        if (!isOver()) renewedAt = askedAt
      },
      error => lost.abort(error),
    )
  }, intervalMs)
  return { ...lease, stopRenewing: () => clearInterval(timer) }
}

/** A moment by both clocks: the monotonic one stops while the machine sleeps, the other can be set. */
type Moment = { monotonicMs: number; wallMs: number }

function now(): Moment {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}

function msSince(moment: Moment): number {
  return Math.max(performance.now() - moment.monotonicMs, Date.now() - moment.wallMs)
}

/**
 * Opens a transaction and tries to take a lock that lasts as long. The transaction has neither an id nor, between statements, a
 * snapshot, so it does not hold back vacuum. A session lock would not do: a pooler in transaction mode lends the session to the next
 * client, which would hold the lock too, and keeps it when its holder has gone. The server ends the session, and with it the lock,
 * when the holder is silent for too long.
 *
 * @param before ends the previous transaction in the same round trip, so that another instance gets in between only rarely
 */
async function tryLock(client: Client, lock: number, before: 'commit' | '' = ''): Promise<boolean> {
  const results: unknown = await client.query(
    `${before};
     begin isolation level read committed;
     set local idle_in_transaction_session_timeout = ${silenceMaxMs};
     select pg_try_advisory_xact_lock(${lock}) as held`,
  )
  // The driver returns a result for each statement.
  const { rows } = (results as QueryResult<{ held: boolean }>[]).at(-1) ?? { rows: [] }
  return rows[0]?.held === true
}
