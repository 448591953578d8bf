import { DatabaseError } from 'pg'
import { AppError } from '../errors.ts'
import type { Pool, PoolClient } from './postgres.ts'

/** Who waits in front of a lane, and for how long at most. */
const waitingMax = 1_000
const patienceMs = 5_000

/**
 * A pool that takes no more than a share of another's connections at a time, so that what is asked for through it leaves the others
 * to everybody else. Whoever finds none free waits in turn.
 *
 * Its `connect` and `query` throw AppError OVERLOADED when too many wait, or one has waited for too long.
 */
export function laneOf(pool: Pool, connectionsMax: number): Pool {
  let taken = 0
  const waiting = new Set<() => void>()

  async function take(): Promise<void> {
    if (taken < connectionsMax) {
      taken += 1
      return
    }
    if (waiting.size >= waitingMax) throw overloaded()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.add(resolve)
    const expiry = setTimeout(() => {
      waiting.delete(resolve)
      reject(overloaded())
    }, patienceMs)
    await promise.finally(() => clearTimeout(expiry))
  }

  /** Whoever waits first gets the place; it is not free in between. */
  function giveBack(): void {
    const [next] = waiting
    if (next === undefined) {
      taken -= 1
      return
    }
    waiting.delete(next)
    next()
  }

  async function connect(): Promise<PoolClient> {
    await take()
    try {
      const client = await pool.connect()
      const release = client.release.bind(client)
      client.release = error => {
        giveBack()
        release(error)
      }
      return client
    } catch (error) {
      giveBack()
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
      client.release(!(error instanceof DatabaseError))
      throw error
    }
  }

  // All else, such as the counts of connections, is the pool's.
  return Object.assign(Object.create(pool) as Pool, { connect, query })
}

function overloaded(): AppError {
  return new AppError('OVERLOADED', 'too much of this kind is asked for at a time')
}
