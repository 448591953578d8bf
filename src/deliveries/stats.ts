import type { Pool } from '../platform/postgres.ts'
import { isNoticedLate, isPromise } from './read-queries.ts'
import { openStates, type ShipmentState } from './shipment.ts'

/** The shipments of all instances together that have not arrived. */
export type ShipmentStats = Readonly<{
  byState: readonly Readonly<{ state: ShipmentState; shipments: number }>[]
  late: number
  silent: number
  /** How long the promise is broken that waits longest to be noticed; 0 when none does. */
  unnoticedSeconds: number
}>

/** Shipments of a state are counted to this: a scrape takes milliseconds, however many there are. */
export const countedMax = 50_000

/** Reads figures of shipments, by indexes. */
export async function readShipmentStats(pool: Pool, nowMs: number): Promise<ShipmentStats> {
  const counted = (condition: string) =>
    `(select count(*)::int from (select from shipments where ${condition} limit ${countedMax}) counted)`
  const states = openStates.map(state => `${counted(`state = '${state}'`)} as ${state}`)
  const { rows } = await pool.query<
    Record<(typeof openStates)[number], number> & { late: number; silent: number; due: number | null }
  >(
    `select ${states.join(', ')}, ${counted(isNoticedLate)} as late, ${counted('silent_at is not null')} as silent,
            (select (extract(epoch from min(promised_by)) * 1000)::float8 from shipments where ${isPromise}) as due`,
  )
  const [row] = rows
  const due = row?.due ?? nowMs
  return {
    byState: openStates.map(state => ({ state, shipments: row?.[state] ?? 0 })),
    late: row?.late ?? 0,
    silent: row?.silent ?? 0,
    unnoticedSeconds: Math.max(0, nowMs - due) / 1000,
  }
}
