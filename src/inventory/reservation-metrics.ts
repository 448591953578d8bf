import { Counter, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'

export type ReservationMetrics = Readonly<{
  /** Counts orders that were refused because of the stock, and paid ones that were put on hold. */
  short(refused: number, held: number): void
}>

/**
 * The metrics of reservations. What waits is asked of the database at the time of the scrape, so every instance reports the same; without
 * the database these series are absent.
 */
export function createReservationMetrics(registry: Registry, pool: Pool): ReservationMetrics {
  const short = new Counter({
    name: 'stock_short_orders_total',
    help: 'Orders that there was too little stock for: refused, or paid and put on hold',
    labelNames: ['outcome'],
    registers: [registry],
  })
  for (const outcome of ['refused', 'held']) short.inc({ outcome }, 0)
  const waits = singleFlight({ freshMs: 1_000, make: () => readWaits(pool), now: () => performance.now() })
  recordReadings(registry, { name: 'stock_waiting_orders', help: 'Orders that wait for stock to arrive' }, async () => [
    { value: (await waits()).orders },
  ])
  recordReadings(
    registry,
    { name: 'stock_waiting_age_seconds', help: 'How long the oldest of them has waited; 0 without any' },
    async () => [{ value: (await waits()).seconds }],
  )
  recordReadings(
    registry,
    {
      name: 'stock_reservations_overdue_seconds',
      help: 'How long the reservation that is longest due to expire is due already; 0 when none is',
    },
    async () => [{ value: (await waits()).overdueSeconds }],
  )
  return {
    short(refused, held) {
      if (refused > 0) short.inc({ outcome: 'refused' }, refused)
      if (held > 0) short.inc({ outcome: 'held' }, held)
    },
  }
}

/** What waits, by indexes. */
async function readWaits(pool: Pool): Promise<{ orders: number; seconds: number; overdueSeconds: number }> {
  const { rows } = await pool.query<{ orders: number; seconds: number; overdue_seconds: number }>(
    `select (select count(*)::int from stock_waits where state = 'waiting') as orders,
            (select coalesce(extract(epoch from now() - min(since)), 0)::float8 from stock_waits where state = 'waiting') as seconds,
            (select coalesce(greatest(extract(epoch from now() - min(expires_at)), 0), 0)::float8
               from stock_reservations where expires_at is not null) as overdue_seconds`,
  )
  const { orders = 0, seconds = 0, overdue_seconds: overdueSeconds = 0 } = rows[0] ?? {}
  return { orders, seconds, overdueSeconds }
}
