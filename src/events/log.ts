import { copyIn, copyText, type Pool, type PoolClient } from '../platform/postgres.ts'

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

/** A place in the log: everything up to it has been read. Both are unsigned 64-bit numbers as decimal text. */
export type LogPlace = { xid: string; position: string }

export type LoggedEvent = {
  place: LogPlace
  orderUid: string
  sequence: number
  type: string
  recordedAt: Date
  /** JSON: what the event says. */
  data: string
}

/** The place before the first event. */
export const logStart: LogPlace = { xid: '0', position: '0' }

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
  sequence: number
  type: string
  recorded_at: Date
  data: string
  document: string | null
}

/**
 * The events behind a place, oldest first.
 *
 * `order.placed` carries the order as it was placed; its document is stored once, with the order, and joined here.
 *
 * @param limit the most events returned
 */
export async function readLog(pool: Pool, after: LogPlace, limit: number): Promise<LoggedEvent[]> {
  const { rows } = await pool.query<EventRow>(
    `select e.xid, e.position, e.order_uid, e.sequence, e.type, e.recorded_at, e.data, o.document
       from (select *
               from events
              where (xid, position) > ($1::xid8, $2::bigint)
                and xid < pg_snapshot_xmin(pg_current_snapshot())
              order by xid, position
              limit $3) e
       left join orders o on o.order_uid = e.order_uid and e.type = 'order.placed'
      order by e.xid, e.position`,
    [after.xid, after.position, limit],
  )
  return rows.map(row => ({
    place: { xid: row.xid, position: row.position },
    orderUid: row.order_uid,
    sequence: row.sequence,
    type: row.type,
    recordedAt: row.recorded_at,
    data: row.document === null ? row.data : joinObjects(row.document, row.data),
  }))
}

/** Two non-empty JSON objects as one: the fields of the second behind those of the first. */
export function joinObjects(first: string, second: string): string {
  return `${first.slice(0, -1)},${second.slice(1)}`
}
