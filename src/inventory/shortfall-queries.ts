import type { Pool } from '../platform/postgres.ts'
import type { ShortfallView } from './shortfall-view.ts'
import type { TimedPosition } from '../platform/timed-cursor.ts'

type Row = Readonly<{ order_uid: string; holds_order: boolean; since: Date; chrt_ids: number[]; missing: number[] }>

/** A page of the orders that wait for stock, in the order in which they get it. @param after the place before the page */
export async function listShortfalls(
  pool: Pool,
  after: TimedPosition | undefined,
  limit: number,
): Promise<ShortfallView[]> {
  const { rows } = await pool.query<Row>(
    `with page as (
       select order_uid, holds_order, since
         from stock_waits
        where state = 'waiting' and (since, order_uid) > (coalesce($1, '-infinity'::timestamptz), $2)
        order by since, order_uid
        limit $3
     )
     select page.order_uid, page.holds_order, page.since,
            array_agg(f.chrt_id::float8 order by f.chrt_id) as chrt_ids,
            array_agg(f.missing::float8 order by f.chrt_id) as missing
       from page
       join stock_shortfalls f on f.order_uid = page.order_uid
      group by page.order_uid, page.holds_order, page.since
      order by page.since, page.order_uid`,
    [after === undefined ? null : new Date(after.atMs), after?.id ?? '', limit],
  )
  return rows.map(({ chrt_ids: chrtIds, missing, since, ...row }) => ({
    ...row,
    since: since.toISOString(),
    items: chrtIds.map((chrtId, index) => ({ chrt_id: chrtId, quantity: missing[index] ?? 0 })),
  }))
}
