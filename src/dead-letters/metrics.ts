import { Gauge, type Registry } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { countDeadLetters } from './queries.ts'

/**
 * How many dead letters there are. The database keeps count and is asked at the time of the scrape, so every instance tells the
 * same; without it the series are absent.
 */
export function recordDeadLetterCounts(registry: Registry, pool: Pool): void {
  new Gauge({
    name: 'dead_letters',
    help: 'Dead letters stored, by reason and state; those that are open wait for somebody',
    labelNames: ['code', 'state'],
    registers: [registry],
    async collect() {
      const counts = await countDeadLetters(pool).catch(() => [])
      this.reset()
      for (const { code, state, letters } of counts) this.inc({ code, state }, letters)
    },
  })
}
