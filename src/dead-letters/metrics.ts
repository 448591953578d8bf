import { type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { countDeadLetters } from './queries.ts'

/**
 * Records how many dead letters there are. The database counts them and is asked at each scrape, so every instance reports the
 * same; while it is down the series are absent.
 */
export function recordDeadLetterCounts(registry: Registry, pool: Pool): void {
  const help = 'Dead letters stored, by reason and state; those that are open wait for somebody'
  recordReadings(registry, { name: 'dead_letters', help, labelNames: ['code', 'state'] }, async () => {
    const counts = await countDeadLetters(pool)
    return counts.map(({ code, state, letters }) => ({ labels: { code, state }, value: letters }))
  })
}
