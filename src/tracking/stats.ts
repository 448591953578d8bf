import type { Pool } from '../platform/postgres.ts'
import { isAwaited } from './parcel.ts'
import { type TrackingStatus, trackingStatuses } from './tracking-status.ts'

export type AwaitedParcels = readonly Readonly<{ status: TrackingStatus; parcels: number }>[]

/** Counts the parcels that are on their way, each status in which one can be. An index has just them. */
export async function readAwaitedParcels(pool: Pool): Promise<AwaitedParcels> {
  const { rows } = await pool.query<{ status: TrackingStatus; parcels: number }>(
    'select status, count(*)::float8 as parcels from parcels where waiting_since is not null group by status',
  )
  const counted = new Map(rows.map(({ status, parcels }) => [status, parcels]))
  return trackingStatuses.filter(isAwaited).map(status => ({ status, parcels: counted.get(status) ?? 0 }))
}

export type ParcelStats = Readonly<{
  /** Parcels that no shipment has. */
  unattached: number
  /** How long the one that waits longest for news has waited; 0 without any. */
  waitingSeconds: number
}>

/** Parcels that no shipment has are counted to this: a scrape takes milliseconds, however many there are. */
export const countedMax = 50_000

/** Reads figures of parcels, by indexes. */
export async function readParcelStats(pool: Pool, nowMs: number): Promise<ParcelStats> {
  const { rows } = await pool.query<{ unattached: number; since: number | null }>(
    `select (select count(*)::int from (select from parcels where shipped_since is null limit ${countedMax}) counted) as unattached,
            (select (extract(epoch from min(waiting_since)) * 1000)::float8 from parcels where waiting_since is not null) as since`,
  )
  const [row] = rows
  const since = row?.since ?? nowMs
  return { unattached: row?.unattached ?? 0, waitingSeconds: Math.max(0, nowMs - since) / 1000 }
}
