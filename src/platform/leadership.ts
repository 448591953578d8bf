import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type QueryResult } from 'pg'
import { type Backoff, backoffMs } from './backoff.ts'
import { settledWithin } from './deadline.ts'
import type { Logger } from './log.ts'
import { pause } from './periodic.ts'
import { clientConfig, openSession, type PostgresAddress } from './postgres.ts'

/** How often a lock that another holds is asked for, and the lease is renewed. */
const intervalMs = 500

/** A transaction that is open for minutes worries operators, and rightly: the holder of a lock begins another after so many checks. */
const checksPerTransaction = 120

/** How long the leader may go on after it last asked the database and got an answer, in milliseconds. */
export const leaseMs = 4_000

/**
 * How long the database keeps the lock for a session that is silent. It is longer than the lease, so that nobody else leads
 * while the lease lasts, whatever became of the leader: frozen, hung, cut off, or its host gone.
 */
export const silenceMaxMs = 7_000

/** How long an orderly goodbye to the database may take; it may be the one that fell silent. */
const farewellMs = 1_000

/** What one instance of all does. */
export type Leadership = {
  address: PostgresAddress
  /** The number of the lock that the leader holds. */
  lock: number
  /** What the server lists the connection under. */
  name: string
  /** What is done, in a sentence without its subject: `publishes the event log`. */
  does: string
  log: Logger
}

/** The right to lead, for as long as it is renewed. */
export type Lease = {
  /** Tells the work to end: the service stops, or the lease is over. */
  readonly ends: AbortSignal
  /** The lease is over; what is under way is to be broken off. */
  readonly lost: AbortSignal
  /** @throws LeaseLostError when somebody else may lead by now; to be called right before anything leaves the process */
  assertHeld(): void
}

/** The lease was not renewed in time: somebody else may lead by now. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

const notRenewed = `the lease was not renewed within ${leaseMs} ms`
const backoff: Backoff = { firstMs: 400, maxMs: 5_000 }

/**
 * Runs a work on one instance of all, the leader, until told to stop: the one that holds a lock of the database. When it goes
 * away, hangs, or loses its connection, another takes over within seconds; when the work fails it begins again after a pause.
 *
 * @param work ends when its lease tells it to; it tells when it gets on, so that the next failure counts as the first again
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
      if (failures === 0) log.warn({ err: error }, `interrupted: whoever ${does} goes on where it was`)
      failures += 1
    }
    await pause(backoffMs(backoff, failures, Math.random()), stop)
  }
}

/**
 * Waits until this process holds the lock, which only one session of the database can have, and works while it does. The lock
 * goes with the session, however that ends; the server ends it itself when it is silent for too long.
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

/** @param renew asks the database whether the lock is still held; heldSince: when it was first asked for */
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
        // An answer that was read late, after a freeze, does not bring a lease back.
        if (!isOver()) renewedAt = askedAt
      },
      error => lost.abort(error),
    )
  }, intervalMs)
  return { ...lease, stopRenewing: () => clearInterval(timer) }
}

/** A moment by both clocks: the one of the process stops while its machine sleeps, the other can be set. */
type Moment = { monotonicMs: number; wallMs: number }

function now(): Moment {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}

function msSince(moment: Moment): number {
  return Math.max(performance.now() - moment.monotonicMs, Date.now() - moment.wallMs)
}

/**
 * Opens a transaction and asks for a lock that lasts as long as it. It has neither an id nor, between two statements, a snapshot,
 * so it holds nothing up. The lock of a session would not do: a pooler that pools by transaction lends the session to the next
 * who asks, who would have the lock as well, and keeps it when its holder has gone. The server ends the session, and with it
 * the lock, when the holder is silent for too long.
 *
 * @param before ends the transaction before it in the same round trip, so that nobody comes in between but by a rare chance
 */
async function tryLock(client: Client, lock: number, before: 'commit' | '' = ''): Promise<boolean> {
  const results: unknown = await client.query(
    `${before};
     begin isolation level read committed;
     set local idle_in_transaction_session_timeout = ${silenceMaxMs};
     select pg_try_advisory_xact_lock(${lock}) as held`,
  )
  // The driver gives a result for each statement.
  const { rows } = (results as QueryResult<{ held: boolean }>[]).at(-1) ?? { rows: [] }
  return rows[0]?.held === true
}
