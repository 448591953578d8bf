import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { Logger } from './log.ts'
import { clientConfig, openSession, type PostgresAddress } from './postgres.ts'

/** How often a lock that another holds is asked for, and the connection that holds ours is checked. */
const intervalMs = 500

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
      await sleep(intervalMs, undefined, { signal: held })
    }
    const watch = setInterval(() => void client.query('select 1').catch(error => lost.abort(error)), intervalMs)
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

async function tryLock(client: Client, lock: number): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lock])
  return rows[0]?.held === true
}
