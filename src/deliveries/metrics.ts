import { Counter, Histogram, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import { shipmentEvents } from './events.ts'
import type { SavedChanges } from './save.ts'
import { countedMax, openMax, readOpenShipments, readShipmentStats } from './stats.ts'

export type ShipmentMetrics = Readonly<{
  /** Counts what was saved, and how long shipments took that have left or arrived with it. */
  saved(saved: readonly SavedChanges[]): void
}>

const hour = 3_600
const day = 24 * hour
/** From the same day to a month. */
const buckets = [hour, 6 * hour, 12 * hour, day, 2 * day, 3 * day, 5 * day, 7 * day, 14 * day, 30 * day]

/**
 * The metrics of shipments. What is open is asked of the database at the time of the scrape, so every instance reports the same; without
 * the database these series are absent.
 */
export function createShipmentMetrics(registry: Registry, pool: Pool, now: () => number): ShipmentMetrics {
  const registers = [registry]
  const changes = new Counter({
    name: 'shipment_changes_total',
    help: 'Changes of shipments by kind: created, packed, shipped, updated, delivered, delayed, cancelled',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of Object.keys(shipmentEvents)) changes.inc({ kind }, 0)
  const untilShipped = new Histogram({
    name: 'shipment_placed_to_shipped_seconds',
    help: 'Time from the date of an order until a shipment of it has left',
    buckets,
    registers,
  })
  const untilDelivered = new Histogram({
    name: 'shipment_shipped_to_delivered_seconds',
    help: 'Time from the departure of a shipment until it has arrived',
    buckets,
    registers,
  })
  recordStats(registry, pool, now)
  return {
    saved(saved) {
      for (const { before: order, changes: made } of saved) {
        for (const { before, after, event } of made) {
          changes.inc({ kind: event.type.slice('shipment.'.length) })
          const { state, shippedAtMs = 0, deliveredAtMs = 0 } = after
          if (before?.state === state) continue
          if (state === 'shipped')
            untilShipped.observe(Math.max(0, shippedAtMs - (order?.placedAtMs ?? shippedAtMs)) / 1000)
          if (state === 'delivered') untilDelivered.observe(Math.max(0, deliveredAtMs - shippedAtMs) / 1000)
        }
      }
    },
  }
}

function recordStats(registry: Registry, pool: Pool, now: () => number): void {
  // Many may be on their way: counting them takes at most a hundredth of the time.
  const open = singleFlight({
    ...{ freshMs: 10_000, restShare: 100, make: () => readOpenShipments(pool), now: () => performance.now() },
  })
  recordReadings(
    registry,
    {
      name: 'shipments_open',
      help: `Shipments that have not arrived, by state, each counted to ${openMax}`,
      labelNames: ['state'],
    },
    async () => (await open()).map(({ state, shipments }) => ({ value: shipments, labels: { state } })),
  )
  const make = () => readShipmentStats(pool, now())
  const stats = singleFlight({ freshMs: 5_000, make, now: () => performance.now() })
  recordReadings(
    registry,
    {
      name: 'shipments_late',
      help: `Shipments that have not arrived by the time that was promised, counted to ${countedMax}`,
    },
    async () => [{ value: (await stats()).late }],
  )
  recordReadings(
    registry,
    {
      name: 'shipments_silent',
      help: `Shipments of which the carrier has said nothing for too long, counted to ${countedMax}`,
    },
    async () => [{ value: (await stats()).silent }],
  )
  recordReadings(
    registry,
    {
      name: 'shipments_unnoticed_late_seconds',
      help: 'How long the promise is broken that waits longest to be noticed; 0 when none does',
    },
    async () => [{ value: (await stats()).unnoticedSeconds }],
  )
}
