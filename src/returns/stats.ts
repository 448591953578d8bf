import type { Pool } from '../platform/postgres.ts'
import type { ReturnState } from './return.ts'

/** The states in which somebody has something to do. */
const openStates = ['requested', 'approved', 'received'] as const satisfies readonly ReturnState[]

/** What waits, for metrics. */
export type ReturnStats = Readonly<{
  /** Of each state how many there are, and how long ago the oldest was requested. */
  open: readonly Readonly<{ state: ReturnState; returns: number; oldestSeconds: number }>[]
  /** How long the refund that is due longest has been due. */
  overdueSeconds: number
  /** Those whose last refund has failed. */
  failedRefunds: number
}>

/** Returns of a state are counted to this: a scrape takes milliseconds, however many there are. */
export const countedMax = 50_000

/** Reads figures of returns, by indexes. */
export async function readReturnStats(pool: Pool, nowMs: number): Promise<ReturnStats> {
  const counted = (condition: string) =>
    `(select count(*)::int from (select from returns where ${condition} limit ${countedMax}) counted)`
  const earliest = (time: string, condition: string) =>
    `(select (extract(epoch from min(${time})) * 1000)::float8 from returns where ${condition})`
  const ofStates = openStates.map(
    state =>
      `${counted(`state = '${state}'`)} as ${state}, ${earliest('created_at', `state = '${state}'`)} as ${state}_since`,
  )
  type State = (typeof openStates)[number]
  const { rows } = await pool.query<
    Record<State, number> & Record<`${State}_since` | 'due', number | null> & { failed: number }
  >(
    `select ${ofStates.join(', ')}, ${counted("refund_state = 'failed'")} as failed,
            ${earliest('refund_due_at', 'refund_due_at is not null')} as due`,
  )
  const [row] = rows
  const secondsSince = (ms: number | null | undefined) => Math.max(0, nowMs - (ms ?? nowMs)) / 1000
  return {
    open: openStates.map(state => ({
      state,
      returns: row?.[state] ?? 0,
      oldestSeconds: secondsSince(row?.[`${state}_since`]),
    })),
    overdueSeconds: secondsSince(row?.due),
    failedRefunds: row?.failed ?? 0,
  }
}
