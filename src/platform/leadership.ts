import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type QueryResult } from 'pg'
import type { Logger } from './log.ts'
import { clientConfig, openSession, type PostgresAddress } from './postgres.ts'

/** How often a lock that another holds is asked for, and the connection that holds ours is checked. */
const intervalMs = 500

/** A transaction that is open for minutes worries operators, and rightly: the holder of a lock begins another after so many checks. */
const checksPerTransaction = 120

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

const pauseMaxMs = 5_000

/**
 * Has one instance of all do a work, until told to stop: whoever holds a lock of the database does it. When it goes away or
 * loses its connection another goes on; when the work fails it is begun anew after a pause.
 *
 * @param work is told by its signal to end; it tells when it gets on, so that the next failure counts as the first again
 */
export async function keepLeading(
  leadership: Leadership,
  stop: AbortSignal,
  work: (held: AbortSignal, onProgress: () => void) => Promise<void>,
): Promise<void> {
  const { does, log } = leadership
  let failures = 0
  const onProgress = () => {
    failures = 0
  }
  while (!stop.aborted) {
    try {
      await holdLock(leadership, stop, async held => {
        log.info(`this instance ${does}`)
        await work(held, onProgress)
      })
    } catch (error) {
      if (stop.aborted) return
      if (failures === 0) log.warn({ err: error }, `interrupted: whoever ${does} goes on where it was`)
      failures += 1
    }
    await sleep(Math.min(200 * 2 ** failures, pauseMaxMs), undefined, { signal: stop }).catch(() => undefined)
  }
}

/**
 * Waits until this process holds the lock, which only one connection of the database can have, and works while it does. The
 * lock goes with the connection, however that ends.
 *
 * @throws the connection's error, and what `work` throws
 */
async function holdLock(
  options: Leadership,
  stop: AbortSignal,
  work: (held: AbortSignal) => Promise<void>,
): Promise<void> {
  const client = new Client(clientConfig(options.address, options.name))
  const lost = new AbortController()
  client.on('error', error => lost.abort(error))
  client.on('end', () => lost.abort(new Error('the connection that held the lock was closed')))
  const held = AbortSignal.any([stop, lost.signal])
  try {
    await openSession(client)
    while (!(await tryLock(client, options.lock))) {
      await client.query('rollback')
      await sleep(intervalMs, undefined, { signal: held })
    }
    let checks = 0
    const check = async () => {
      checks += 1
      if (checks % checksPerTransaction !== 0) await client.query('select 1')
      else if (!(await tryLock(client, options.lock, 'commit'))) throw new Error('another has taken the lock')
    }
    const watch = setInterval(() => void check().catch(error => lost.abort(error)), intervalMs)
    try {
      await work(held)
    } finally {
      clearInterval(watch)
    }
    if (lost.signal.aborted && !stop.aborted) throw lost.signal.reason
  } finally {
    await client.end().catch(() => undefined)
  }
}

/**
 * Opens a transaction and asks for a lock that lasts as long as it. It has neither an id nor, between two statements, a snapshot,
 * so it holds nothing up. The lock of a session would not do: a pooler that pools by transaction lends the session to the next
 * who asks, who would have the lock as well, and keeps it when its holder has gone.
 *
 * @param before ends the transaction before it in the same round trip, so that nobody comes in between but by a rare chance
 */
async function tryLock(client: Client, lock: number, before: 'commit' | '' = ''): Promise<boolean> {
  const results: unknown = await client.query(
    `${before};
     begin isolation level read committed;
     set local idle_in_transaction_session_timeout = 0;
     select pg_try_advisory_xact_lock(${lock}) as held`,
  )
  // The driver gives a result for each statement.
  const { rows } = (results as QueryResult<{ held: boolean }>[]).at(-1) ?? { rows: [] }
  return rows[0]?.held === true
}
