import { isConnectionLost, type Pool, type PoolClient } from './postgres.ts'

/**
 * Returns a pool whose `query` repeats a statement once, on another connection, when the connection that it met had broken: one that
 * the server has cut while it was idle fails the next request, which another connection can answer at once.
 *
 * Only for statements that read: of one that writes it is not known whether it took effect.
 */
export function retryingReads(pool: Pool): Pool {
  async function query(...request: Parameters<PoolClient['query']>): Promise<unknown> {
    const send = pool.query as unknown as (...request: Parameters<PoolClient['query']>) => Promise<unknown>
    try {
      return await send.apply(pool, request)
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      return send.apply(pool, request)
    }
  }
  return Object.assign(Object.create(pool) as Pool, { query })
}
