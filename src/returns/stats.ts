import type { Pool } from '../platform/postgres.ts'
import type { ReturnState } from './return.ts'

/** The states in which somebody has something to do. */
const openStates = ['requested', 'approved', 'received'] as const satisfies readonly ReturnState[]

/** What waits, for metrics. */
export type ReturnStats = Readonly<{
  open: readonly Readonly<{ state: ReturnState; returns: number }>[]
  /** How long the refund that is due longest has been due. */
  overdueSeconds: number
}>

/** Returns of a state are counted to this: a scrape takes milliseconds, however many there are. */
export const countedMax = 50_000

/** Reads figures of returns, by indexes. */
export async function readReturnStats(pool: Pool, nowMs: number): Promise<ReturnStats> {
  const counted = openStates.map(
    state =>
      `(select count(*)::int from (select from returns where state = '${state}' limit ${countedMax}) counted) as ${state}`,
  )
  const { rows } = await pool.query<Record<(typeof openStates)[number], number> & { due: number | null }>(
    `select ${counted.join(', ')},
            (select (extract(epoch from min(refund_due_at)) * 1000)::float8 from returns where refund_due_at is not null) as due`,
  )
  const [row] = rows
  return {
    open: openStates.map(state => ({ state, returns: row?.[state] ?? 0 })),
    overdueSeconds: Math.max(0, nowMs - (row?.due ?? nowMs)) / 1000,
  }
}
