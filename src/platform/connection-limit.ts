import { AppError } from '../errors.ts'
import { isSessionOver, type Pool, type PoolClient } from './postgres.ts'

/** How many callers may wait for a connection, and for how long. */
const waitingMax = 1_000
const waitTimeoutMs = 5_000

/**
 * Limits how many connections of a pool are in use at a time through the pool that it returns, so that the rest is left to the
 * other users of the pool. Callers that find none free wait in turn.
 *
 * `connect` and `query` throw AppError OVERLOADED when too many callers wait, or one has waited for too long.
 */
export function limitConnections(pool: Pool, connectionsMax: number): Pool {
  const limit = createLimit(connectionsMax)

  async function connect(): Promise<PoolClient> {
    await limit.acquire()
    try {
      const client = await pool.connect()
      const release = client.release.bind(client)
      client.release = error => {
        limit.release()
        release(error)
      }
      return client
    } catch (error) {
      limit.release()
      throw error
    }
  }

  async function query(...request: Parameters<PoolClient['query']>): Promise<unknown> {
    const client = await connect()
    try {
      const result: unknown = await client.query(...request)
      client.release()
      return result
    } catch (error) {
      client.release(isSessionOver(error))
      throw error
    }
  }

  // Everything else, such as the counts of connections, is the pool's.
  return Object.assign(Object.create(pool) as Pool, { connect, query })
}

/** Counts what is in use, up to a bound; callers beyond it wait in turn. */
function createLimit(max: number): { acquire(): Promise<void>; release(): void } {
  let used = 0
  const waiting = new Set<() => void>()
  return {
    async acquire() {
      if (used < max) {
        used += 1
        return
      }
      if (waiting.size >= waitingMax) throw overloaded()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.add(resolve)
      const expiry = setTimeout(() => {
        waiting.delete(resolve)
        reject(overloaded())
      }, waitTimeoutMs)
      await promise.finally(() => clearTimeout(expiry))
    },
    /** The caller that has waited longest gets the place at once: it is not free in between. */
    release() {
      const [next] = waiting
      if (next === undefined) {
        used -= 1
        return
      }
      waiting.delete(next)
      next()
    },
  }
}

function overloaded(): AppError {
  return new AppError('OVERLOADED', 'too much of this kind is asked for at a time')
}
