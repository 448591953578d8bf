import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { clientConfig, type PostgresAddress } from './postgres.ts'

/** How often a lock that another holds is asked for, and the connection that holds ours is checked. */
const intervalMs = 500

/**
 * Waits until this process holds a lock that only one connection of the database can have, and works while it does. The lock
 * goes with the connection, however that ends.
 *
 * @param options lock: its number; name: what the server lists the connection under
 * @param work is told by its signal to end when the lock is lost or the service stops
 * @throws the connection's error, and what `work` throws
 */
export async function holdLock(
  options: { address: PostgresAddress; lock: number; name: string },
  stop: AbortSignal,
  work: (held: AbortSignal) => Promise<void>,
): Promise<void> {
  const client = new Client(clientConfig(options.address, options.name))
  const lost = new AbortController()
  client.on('error', error => lost.abort(error))
  client.on('end', () => lost.abort(new Error('the connection that held the lock was closed')))
  const held = AbortSignal.any([stop, lost.signal])
  try {
    await client.connect()
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
