import { Counter, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import { readStockStats, readStockSums } from './stats.ts'

export type InventoryMetrics = Readonly<{
  /** Counts a movement or count by where it came from and what became of it. */
  count(source: 'http' | 'kafka' | 'replay', outcome: string, entries?: number): void
  /** Counts an item whose level was found to be another. */
  levelChanged(level: string): void
}>

/** The metrics of stock. What waits is asked of the database at the time of the scrape, so every instance reports the same. */
export function createInventoryMetrics(registry: Registry, pool: Pool, now: () => number): InventoryMetrics {
  const registers = [registry]
  const entries = new Counter({
    name: 'stock_entries_total',
    help: 'Movements and counts of stock by source and outcome; repeated: it was recorded before; otherwise an error code',
    labelNames: ['source', 'outcome'],
    registers,
  })
  const levels = new Counter({
    name: 'stock_level_changes_total',
    help: 'Items whose stock has become low, out_of_stock or in_stock',
    labelNames: ['level'],
    registers,
  })
  const stats = singleFlight({ freshMs: 1_000, make: () => readStockStats(pool, now()), now: () => performance.now() })
  recordReadings(
    registry,
    {
      name: 'stock_due_items',
      help: 'Items that wait for the worker: their level may have changed, or an order waits for them',
    },
    async () => [{ value: (await stats()).due }],
  )
  recordReadings(
    registry,
    { name: 'stock_due_age_seconds', help: 'How long the item that waits longest has waited; 0 without any' },
    async () => [{ value: (await stats()).dueSeconds }],
  )
  // It reads every row of stock, a second for ten million: at most a hundredth of the time.
  const sums = singleFlight({
    ...{ freshMs: 10_000, restShare: 100, make: () => readStockSums(pool), now: () => performance.now() },
  })
  recordReadings(
    registry,
    {
      name: 'stock_units',
      help: 'Units of all tracked items: on hand, reserved by orders and carts, and unavailable',
      labelNames: ['number'],
    },
    async () => Object.entries(await sums()).map(([number, value]) => ({ value, labels: { number } })),
  )
  return {
    count: (source, outcome, number = 1) => entries.inc({ source, outcome }, number),
    levelChanged: level => levels.inc({ level }),
  }
}
