import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Wait } from './reservation-queries.ts'

/** Statements on orders that wait for stock. The transaction holds the locks of the orders. */

/** Items that orders wait for, at most `itemsMax`, from one on. */
export async function findItemsWaitedFor(
  client: Pool | PoolClient,
  { above, itemsMax }: { above: number; itemsMax: number },
): Promise<number[]> {
  const { rows } = await client.query<{ chrt_id: number }>(
    `select chrt_id::float8 as chrt_id
       from stock_shortfalls
      where chrt_id > $1
      group by stock_shortfalls.chrt_id
      order by stock_shortfalls.chrt_id
      limit $2`,
    [above, itemsMax],
  )
  return rows.map(row => row.chrt_id)
}

/** A place in the queue of those that wait. */
export type QueuePlace = Readonly<{ sinceMs: number; orderUid: string }>

/**
 * The orders that wait for one of some items, in the order of their queue.
 *
 * @param options after: those behind this place
 */
export async function findWaitingFor(
  client: Pool | PoolClient,
  chrtIds: readonly number[],
  { after, ordersMax }: { after: QueuePlace; ordersMax: number },
): Promise<QueuePlace[]> {
  const { rows } = await client.query<{ order_uid: string; since: Date }>(
    `select order_uid, since
       from stock_shortfalls
      where chrt_id = any($1) and (since, order_uid) > ($2, $3)
      group by since, order_uid
      order by since, order_uid
      limit $4`,
    [chrtIds, new Date(after.sinceMs), after.orderUid, ordersMax],
  )
  return rows.map(({ order_uid: orderUid, since }) => ({ orderUid, sinceMs: since.getTime() }))
}

/** The orders that were not told yet that they wait, oldest first. */
export async function findUntold(client: Pool | PoolClient, ordersMax: number): Promise<QueuePlace[]> {
  const { rows } = await client.query<{ order_uid: string; since: Date }>(
    `select order_uid, since
       from stock_waits
      where state = 'waiting' and version = 0
      order by since, order_uid
      limit $1`,
    [ordersMax],
  )
  return rows.map(({ order_uid: orderUid, since }) => ({ orderUid, sinceMs: since.getTime() }))
}

/** What orders wait for, in the order of their queue; nothing for one that does not wait. */
export async function loadWaits(client: Pool | PoolClient, orderUids: readonly string[]): Promise<Wait[]> {
  const { rows } = await client.query<{
    order_uid: string
    version: number
    holds_order: boolean
    since: Date
    updated_at: Date
    chrt_ids: number[]
    missing: number[]
  }>(
    `select w.order_uid, w.version, w.holds_order, w.since, w.updated_at,
            array_agg(f.chrt_id::float8 order by f.chrt_id) as chrt_ids,
            array_agg(f.missing::float8 order by f.chrt_id) as missing
       from stock_waits w
       join stock_shortfalls f using (order_uid)
      where w.order_uid = any($1) and w.state = 'waiting'
      group by w.order_uid, w.version, w.holds_order, w.since, w.updated_at
      order by w.since, w.order_uid`,
    [orderUids],
  )
  return rows.map(
    ({ order_uid: orderUid, version, holds_order: holdsOrder, since, updated_at, chrt_ids, missing }) => ({
      orderUid,
      version,
      holdsOrder,
      sinceMs: since.getTime(),
      updatedAtMs: updated_at.getTime(),
      units: new Map(chrt_ids.map((chrtId, index) => [chrtId, missing[index] ?? 0])),
    }),
  )
}

/** Queues orders that are placed already, at the end and without telling it yet. They have not waited before. */
export async function beginWaits(
  client: PoolClient,
  waits: readonly Pick<Wait, 'orderUid' | 'units'>[],
  nowMs: number,
): Promise<void> {
  const items = waits.flatMap(({ orderUid, units }) =>
    [...units].map(([chrtId, missing]) => ({ orderUid, chrtId, missing })),
  )
  await client.query(
    `with queued as (
       insert into stock_waits (order_uid, version, state, holds_order, since, updated_at)
       select distinct order_uid, 0, 'waiting', false, $4::timestamptz, $4::timestamptz from unnest($1::text[]) as given (order_uid)
     )
     insert into stock_shortfalls (order_uid, chrt_id, missing, since)
     select order_uid, chrt_id, missing, $4
       from unnest($1::text[], $2::bigint[], $3::bigint[]) as given (order_uid, chrt_id, missing)`,
    [
      items.map(({ orderUid }) => orderUid),
      items.map(({ chrtId }) => chrtId),
      items.map(({ missing }) => missing),
      new Date(nowMs),
    ],
  )
}

/** What becomes of a wait. */
export type WaitChange = Readonly<{
  orderUid: string
  state: 'waiting' | 'allocated' | 'dropped'
  /** The sequence of its last event. */
  version: number
  holdsOrder: boolean
}>

/** Writes what became of waits. Those that are over wait for no item any more. */
export async function changeWaits(client: PoolClient, changes: readonly WaitChange[], nowMs: number): Promise<void> {
  if (changes.length === 0) return
  const over = changes.filter(({ state }) => state !== 'waiting').map(({ orderUid }) => orderUid)
  await client.query(
    `with over as (
       delete from stock_shortfalls where order_uid = any($6)
     )
     update stock_waits w
        set state = c.state, version = c.version, holds_order = c.holds_order, updated_at = greatest(w.updated_at, $5)
       from unnest($1::text[], $2::text[], $3::int[], $4::boolean[]) as c (order_uid, state, version, holds_order)
      where w.order_uid = c.order_uid and w.order_uid = any($1)`,
    [
      changes.map(({ orderUid }) => orderUid),
      changes.map(({ state }) => state),
      changes.map(({ version }) => version),
      changes.map(({ holdsOrder }) => holdsOrder),
      new Date(nowMs),
      over,
    ],
  )
}
