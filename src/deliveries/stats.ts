import type { Pool } from '../platform/postgres.ts'
import { isNoticedLate, isPromise } from './read-queries.ts'
import { openStates, type ShipmentState } from './shipment.ts'

export type OpenShipments = readonly Readonly<{ state: ShipmentState; shipments: number }>[]

/** Open shipments of a state are counted to this: half a second. */
export const openMax = 1_000_000

/** Counts the shipments of all instances together that have not arrived. An index has them by state. */
export async function readOpenShipments(pool: Pool): Promise<OpenShipments> {
  const states = openStates.map(state => `${counted(`state = '${state}'`, openMax)} as ${state}`)
  const { rows } = await pool.query<Record<(typeof openStates)[number], number>>(`select ${states.join(', ')}`)
  return openStates.map(state => ({ state, shipments: rows[0]?.[state] ?? 0 }))
}

/** The shipments that need somebody. */
export type ShipmentStats = Readonly<{
  late: number
  silent: number
  /** How long the promise is broken that waits longest to be noticed; 0 when none does. */
  unnoticedSeconds: number
}>

/** They are counted to this: a scrape takes milliseconds, however many there are. */
export const countedMax = 50_000

/** Reads figures of shipments, by indexes. */
export async function readShipmentStats(pool: Pool, nowMs: number): Promise<ShipmentStats> {
  const { rows } = await pool.query<{ late: number; silent: number; due: number | null }>(
    `select ${counted(isNoticedLate, countedMax)} as late, ${counted('silent_at is not null', countedMax)} as silent,
            (select (extract(epoch from min(promised_by)) * 1000)::float8 from shipments where ${isPromise}) as due`,
  )
  const [row] = rows
  const due = row?.due ?? nowMs
  return { late: row?.late ?? 0, silent: row?.silent ?? 0, unnoticedSeconds: Math.max(0, nowMs - due) / 1000 }
}

const counted = (condition: string, max: number) =>
  `(select count(*)::int from (select from shipments where ${condition} limit ${max}) counted)`
