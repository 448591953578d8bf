import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import type { OrderCache } from './cache.ts'
import { listOrders } from './queries.ts'

const deadlineMs = 2_000

/** Loads the newest orders into the cache, until it is full, all are there, or it has taken long enough. Does not throw. */
export async function warmUp(cache: OrderCache, pool: Pool, log: Logger): Promise<void> {
  const startedMs = performance.now()
  const durationMs = () => Math.round(performance.now() - startedMs)
  const { epoch } = cache
  try {
    let after: Parameters<typeof listOrders>[2]
    do {
      const page = await listOrders(pool, {}, after, 500)
      if (!cache.fill(page.orders, epoch)) break
      after = page.next
    } while (after !== undefined && durationMs() < deadlineMs)
    log.info({ ...cache.stats(), durationMs: durationMs() }, 'the newest orders are cached')
  } catch (error) {
    log.warn({ err: error }, 'the newest orders could not be cached; each is cached when it is first read')
  }
}
