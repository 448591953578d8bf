import type { Pool } from '../platform/postgres.ts'
import { pageOf, walkedRows } from '../platform/walked-page.ts'
import type { TimedPosition } from '../platform/timed-cursor.ts'
import { withUnits } from './load.ts'
import type { Return, ReturnState } from './return.ts'
import { returnColumns, type ReturnRow } from './rows.ts'

/** Which returns a list has; each condition that is given must hold. */
export type ReturnFilter = Readonly<{
  states: readonly ReturnState[] | undefined
  /** Of these orders: few. */
  orderUids: readonly string[] | undefined
  /** Requested at or after, and before, in milliseconds since 1970. */
  fromMs: number | undefined
  toMs: number | undefined
}>

/** A page of returns, and where the next one begins: undefined on the last page. */
export type ReturnPage = Readonly<{ returns: readonly Return[]; next: TimedPosition | undefined }>

/** A page of returns, newest first. An index serves each filter. @param after the return before the page */
export async function listReturns(
  pool: Pool,
  { states, orderUids, fromMs, toMs }: ReturnFilter,
  after: TimedPosition | undefined,
  limit: number,
): Promise<ReturnPage> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds: string[] = []
  if (fromMs !== undefined) bounds.push(`created_at >= ${value(new Date(fromMs))}`)
  if (toMs !== undefined) bounds.push(`created_at < ${value(new Date(toMs))}`)
  if (after !== undefined) {
    const place = `${value(new Date(after.atMs))}::timestamptz, ${value(after.id)}`
    bounds.push(`(created_at, return_id) < (${place})`)
  }
  // The returns of some orders are few: without a limit that the planner sees it does not look for them by their time.
  const table =
    orderUids === undefined
      ? 'returns'
      : `(select r.* from returns r where r.order_uid = any(${value(orderUids)}) offset 0) returns`
  const branches = states === undefined ? [[]] : [...new Set(states)].map(state => [`state = ${value(state)}`])
  const walks = branches.map(branch =>
    walkedRows({
      ...{ table, keys: ['order_uid', 'return_id'], sortedBy: ['created_at', 'return_id'] },
      ...{ conditions: [], limit, bounds: [...bounds, ...branch] },
    }),
  )
  const { rows } = await pool.query<ReturnRow & { fits: boolean; number: string }>(
    `select ${returnColumns}, k.fits, k.number
       from (${walks.join(' union all ')}) k
       join returns r using (order_uid, return_id)
      order by r.created_at desc, r.return_id desc`,
    values,
  )
  const { rows: page, last } = pageOf(rows, { conditions: [], limit })
  const next = last && { atMs: last.created_at, id: last.return_id }
  return { returns: await withUnits(pool, page), next }
}

/** The returns whose refund waits for the worker, the longest due first. */
export async function findDueRefunds(
  pool: Pool,
  nowMs: number,
  returnsMax: number,
): Promise<{ orderUid: string; returnId: string }[]> {
  const { rows } = await pool.query<{ order_uid: string; return_id: string }>(
    'select order_uid, return_id from returns where refund_due_at <= $1 order by refund_due_at limit $2',
    [new Date(nowMs), returnsMax],
  )
  return rows.map(row => ({ orderUid: row.order_uid, returnId: row.return_id }))
}
