import type { Pool } from '../platform/postgres.ts'

/** The parcels of all shipments together. */
export type ParcelStats = Readonly<{
  byStatus: readonly { status: string; parcels: number }[]
  /** Those that no shipment has. */
  unattached: number
  /** How long the one that waits longest for news has waited; 0 without any. */
  waitingSeconds: number
}>

export async function readParcelStats(pool: Pool, nowMs: number): Promise<ParcelStats> {
  const { rows } = await pool.query<{ status: string; attached: number; parcels: number; since: number | null }>(
    `select status, count(shipped_since)::float8 as attached, count(*)::float8 as parcels,
            (extract(epoch from min(waiting_since)) * 1000)::float8 as since
       from parcels
      group by status`,
  )
  const since = Math.min(...rows.map(row => row.since ?? nowMs), nowMs)
  return {
    byStatus: rows.map(({ status, attached }) => ({ status, parcels: attached })),
    unattached: rows.reduce((sum, { parcels, attached }) => sum + parcels - attached, 0),
    waitingSeconds: (nowMs - since) / 1000,
  }
}
