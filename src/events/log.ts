import { copyIn, copyText, type Pool, type PoolClient } from '../platform/postgres.ts'
import type { LogPlace } from './place.ts'

/**
 * The event log: appended to in the transaction that makes a change, read in the order (xid, position). A reader sees
 * only what no running transaction can still precede.
 */

/** Instances are told on this channel that the log has grown; the message is empty. */
export const logChannel = 'event_log'

export type NewEvent = {
  orderUid: string
  /** Per order, from 1, without gaps. */
  sequence: number
  type: string
  /** RFC 3339. */
  recordedAt: string
  /** JSON. */
  data: string
}

export type LoggedEvent = {
  place: LogPlace
  orderUid: string
  /** Null when the order is no longer there. */
  customerId: string | null
  sequence: number
  type: string
  recordedAt: Date
  /** JSON: what the event says. */
  data: string
}

/** Appends events in a caller's transaction. The caller sends `notify` with its commit. */
export async function appendEvents(client: PoolClient, events: readonly NewEvent[]): Promise<void> {
  await copyIn(
    client,
    'copy events (order_uid, sequence, type, recorded_at, data) from stdin',
    events
      .values()
      .map(
        ({ orderUid, sequence, type, recordedAt, data }) =>
          `${orderUid}\t${sequence}\t${type}\t${recordedAt}\t${copyText(data)}\n`,
      ),
  )
}

type EventRow = {
  xid: string
  position: string
  order_uid: string
  customer_id: string | null
  sequence: number
  type: string
  recorded_at: Date
  data: string
  document: string | null
}

/** `order.placed` carries the order as it was placed; its document is stored once, with the order, and joined here. */
const columns = `e.xid, e.position, e.order_uid, o.customer_id, e.sequence, e.type, e.recorded_at, e.data,
                 case when e.type = 'order.placed' then o.document end as document`

/** Only what no running transaction can still precede. */
const isSettled = 'xid < pg_snapshot_xmin(pg_current_snapshot())'

/**
 * The events behind a place, oldest first.
 *
 * @param limit the most events returned
 */
export async function readLog(pool: Pool, after: LogPlace, limit: number): Promise<LoggedEvent[]> {
  const { rows } = await pool.query<EventRow>(
    `select ${columns}
       from (select *
               from events
              where (xid, position) > ($1::xid8, $2::bigint) and ${isSettled}
              order by xid, position
              limit $3) e
       left join orders o using (order_uid)
      order by e.xid, e.position`,
    [after.xid, after.position, limit],
  )
  return rows.map(toEvent)
}

/** The events of one order behind a place, oldest first. */
export async function readOrderLog(
  pool: Pool,
  orderUid: string,
  after: LogPlace,
  limit: number,
): Promise<LoggedEvent[]> {
  const { rows } = await pool.query<EventRow>(
    `select ${columns}
       from (select *
               from events
              where order_uid = $1 and (xid, position) > ($2::xid8, $3::bigint) and ${isSettled}
              order by sequence
              limit $4) e
       left join orders o using (order_uid)
      order by e.sequence`,
    [orderUid, after.xid, after.position, limit],
  )
  return rows.map(toEvent)
}

/** The place behind everything that can be read now: what comes later is behind it. */
export async function readLogEnd(pool: Pool): Promise<LogPlace> {
  const { rows } = await pool.query<{ xid: string }>(
    'select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text as xid',
  )
  return { xid: rows[0]?.xid ?? '0', position: lastPosition }
}

/** Larger than any position of a transaction. */
const lastPosition = '999999999999999999'

/** Whether the log of this database can have come to a place yet. */
export async function isReached(pool: Pool, place: LogPlace): Promise<boolean> {
  const { rows } = await pool.query<{ reached: boolean }>(
    'select $1::text::numeric < pg_snapshot_xmax(pg_current_snapshot())::text::numeric as reached',
    [place.xid],
  )
  return rows[0]?.reached === true
}

function toEvent(row: EventRow): LoggedEvent {
  return {
    place: { xid: row.xid, position: row.position },
    orderUid: row.order_uid,
    customerId: row.customer_id,
    sequence: row.sequence,
    type: row.type,
    recordedAt: row.recorded_at,
    data: row.document === null ? row.data : joinObjects(row.document, row.data),
  }
}

/** Two non-empty JSON objects as one: the fields of the second behind those of the first. */
export function joinObjects(first: string, second: string): string {
  return `${first.slice(0, -1)},${second.slice(1)}`
}
