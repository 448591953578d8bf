import { type Copy, copyOf } from '../platform/copy.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { type Checkpoint, compareCheckpoints, lastPosition, logStart } from './checkpoint.ts'
import type { EventDefinition } from './definition.ts'
import type { OrderOfEvent, RecentOrders } from './recent-orders.ts'

/**
 * The event log: appended to in the transaction that makes a change, read in the order (xid, position). A reader sees
 * only what no running transaction can still precede.
 */

/** Instances are told on this channel that the log has grown; the message is empty. */
export const logChannel = 'event_log'
/** The end of a transaction that writes events: it is refused where the log is not at home, see `log-home.ts`. */
export const notifyOfEvents = 'call announce_events()'

export type NewEvent = {
  orderUid: string
  /** Per order, from 1, without gaps. */
  sequence: number
  /** What it is: an event of a type that is not described cannot be written. */
  definition: EventDefinition
  recordedAt: Date
  /** JSON. */
  data: string
  /** W3C Trace Context of the request or message that made the change. */
  traceparent?: string | undefined
}

export type LoggedEvent = {
  checkpoint: Checkpoint
  orderUid: string
  /** Null when the order is no longer there. */
  customerId: string | null
  sequence: number
  type: string
  /** RFC 3339, UTC. */
  recordedAt: string
  /** JSON: what the event says. */
  data: string
  /** W3C Trace Context of the request or message that made the change; null when it had none. Not part of the event's JSON. */
  traceparent: string | null
}

/** Events of the log, oldest first unless asked for otherwise. */
export type LogPage = {
  events: LoggedEvent[]
  /** Whether these are all that can be read now. A page may end early, since it is bounded by bytes as well. */
  isAll: boolean
}

/** The rows of new events. Whoever writes them sends `notify` with them. */
export function copyOfEvents(events: readonly NewEvent[]): Copy {
  return copyOf('events', 'order_uid, sequence, type, recorded_at, traceparent, data', events, (event, writer) => {
    writer.row(6)
    writer.text(event.orderUid)
    writer.integer(event.sequence)
    writer.text(event.definition.type)
    writer.timestamp(event.recordedAt.getTime())
    if (event.traceparent === undefined) writer.null()
    else writer.text(event.traceparent)
    writer.text(event.data)
  })
}

/** Appends an event in a caller's transaction, and tells the readers of the log with its commit. */
export async function appendEvent(client: PoolClient, event: NewEvent): Promise<void> {
  await client.query(
    'insert into events (order_uid, sequence, type, recorded_at, traceparent, data) values ($1, $2, $3, $4, $5, $6)',
    [event.orderUid, event.sequence, event.definition.type, event.recordedAt, event.traceparent, event.data],
  )
  await client.query(notifyOfEvents)
}

export type EventRow = {
  xid: string
  position: string
  order_uid: string
  sequence: number
  type: string
  /** Milliseconds since 1970. */
  recorded_ms: string
  data: string
  traceparent: string | null
}

/** Times are made texts here: events that were written together have the same one, and the server would make each. */
export const fields = `xid, position, order_uid, sequence, type, data, traceparent,
         floor(extract(epoch from recorded_at) * 1000)::bigint as recorded_ms`

/** Only what no running transaction can still precede. */
export const isSettled = 'xid < in_log(pg_snapshot_xmin(pg_current_snapshot()))'

const logPage = `
  select ${fields}
    from events_after($1::xid8, $2::bigint, $3)
   order by xid, position`

const logPageBack = `
  select ${fields}
    from events_before($1::xid8, $2::bigint, $3)
   order by xid desc, position desc`

const orderLogPage = `
  select ${fields}
    from events
   where order_uid = $4 and (xid, position) > ($1::xid8, $2::bigint)
   order by sequence
   limit $3`

/**
 * The events behind a checkpoint. Those that were dropped are not among them, see `lookUpCheckpoint`.
 *
 * @param limit the most events of the page
 * @param recent what need not be fetched
 * @param bytesMax a page ends with the event that goes beyond so many bytes of documents: an order may have a megabyte
 */
export async function readLog(
  pool: Pool,
  after: Checkpoint,
  limit: number,
  recent?: RecentOrders,
  bytesMax: number = pageBytesMax,
): Promise<LogPage> {
  const { rows } = await pool.query<EventRow>(logPage, [after.xid, after.position, limit])
  return toPage(pool, rows, limit, bytesMax, recent)
}

/** The events before a checkpoint, newest first. */
export async function readLogBack(pool: Pool, before: Checkpoint, limit: number): Promise<LogPage> {
  const { rows } = await pool.query<EventRow>(logPageBack, [before.xid, before.position, limit])
  return toPage(pool, rows, limit, pageBytesMax)
}

/**
 * The events of one order behind a checkpoint. Unlike the others it waits for no open transaction: those that change an order come one
 * after another, so its committed events have no gap that one could still fill.
 */
export async function readOrderLog(
  pool: Pool,
  orderUid: string,
  after: Checkpoint,
  limit: number,
  bytesMax: number = pageBytesMax,
): Promise<LogPage> {
  const { rows } = await pool.query<EventRow>(orderLogPage, [after.xid, after.position, limit, orderUid])
  return toPage(pool, rows, limit, bytesMax)
}

/**
 * The number of the first event that the log has of an order, also while that is not settled; the one after the last where it
 * has none any more; undefined when there is no such order.
 */
export async function readFirstSequence(pool: Pool, orderUid: string): Promise<number | undefined> {
  const { rows } = await pool.query<{ first: number }>(
    `select coalesce((select min(sequence) from events where order_uid = $1), version + 1) as first
       from orders
      where order_uid = $1`,
    [orderUid],
  )
  return rows[0]?.first
}

/** The bytes of documents of a page, unless asked for fewer. */
const pageBytesMax = 4 * 1024 * 1024

/** The orders of events, in the order of the events, up to the bytes of a page. */
const ordersOfEvents = `
  select customer_id, document
    from (select number, customer_id, document, sum(size) over (order by number) - size as bytes_before
            from (select number, customer_id, document, coalesce(octet_length(document), 0) as size
                    from unnest($1::text[], $2::boolean[]) with ordinality as event (order_uid, is_placing, number)
                    left join lateral (
                           select customer_id, case when event.is_placing then document end as document
                             from orders
                            where order_uid = event.order_uid
                            limit 1) o on true) sized) page
   where bytes_before < $3::int
   order by number`

async function fetchOrders(pool: Pool, events: readonly EventRow[], bytesMax: number): Promise<OrderOfEvent[]> {
  if (events.length === 0) return []
  const uids = events.map(event => event.order_uid)
  const arePlacing = events.map(event => event.type === 'order.placed')
  const { rows } = await pool.query<{ customer_id: string | null; document: string | null }>(ordersOfEvents, [
    uids,
    arePlacing,
    bytesMax,
  ])
  return rows.map(row => ({ customerId: row.customer_id, document: row.document }))
}

/** `order.placed` carries the order as it was placed; its document is stored once, with the order, and put in here. */
export async function toPage(
  pool: Pool,
  rows: readonly EventRow[],
  limit: number,
  bytesMax: number = pageBytesMax,
  recent?: RecentOrders,
): Promise<LogPage> {
  const known = rows.map(row => recent?.find(row.order_uid))
  const fetched = await fetchOrders(
    pool,
    rows.filter((_, index) => known[index] === undefined),
    bytesMax,
  )
  const events: LoggedEvent[] = []
  let taken = 0
  let time = { ms: '', text: '' }
  for (const [index, row] of rows.entries()) {
    const order = known[index] ?? fetched[taken++]
    if (order === undefined) break
    const ms = row.recorded_ms
    if (ms !== time.ms) time = { ms, text: new Date(Number(ms)).toISOString() }
    events.push(toEvent(row, time.text, order))
  }
  return { events, isAll: rows.length < limit && events.length === rows.length }
}

const oneEvent = `select ${fields} from events where order_uid = $1 and sequence = $2`

/** An event by its number within its order; undefined when the log does not have it, or no longer. */
export async function readEvent(pool: Pool, orderUid: string, sequence: number): Promise<LoggedEvent | undefined> {
  const { rows } = await pool.query<EventRow>(oneEvent, [orderUid, sequence])
  const { events } = await toPage(pool, rows, 1, pageBytesMax)
  return events[0]
}

/** The checkpoint behind everything that can be read now: what comes later is behind it. */
export async function readLogEnd(pool: Pool): Promise<Checkpoint> {
  const { rows } = await pool.query<{ xid: string }>(
    'select (in_log(pg_snapshot_xmin(pg_current_snapshot()))::text::numeric - 1)::text as xid',
  )
  return { xid: rows[0]?.xid ?? '0', position: lastPosition }
}

/**
 * What a checkpoint is to the log of this database: one from which a reader misses nothing; one that only the history of an order has
 * come to, since an open transaction can still write before it (`unsettled`); one before events that were dropped; or one that
 * the log has not come to, or not yet (`away`): it has to be found out first where it goes on, see `log-home.ts`. What is kept is behind the start of the log, which is never missed from.
 *
 * A reader that has to miss nothing asks after it has read: what is dropped later it has.
 */
export async function lookUpCheckpoint(
  pool: Pool,
  checkpoint: Checkpoint,
): Promise<'kept' | 'unsettled' | 'dropped' | 'not reached' | 'away'> {
  const { rows } = await pool.query<{ home: boolean; reached: boolean; settled: boolean; dropped: boolean }>(
    `select log_home() = log_place() as home,
            $1::text::numeric < in_log(pg_snapshot_xmax(pg_current_snapshot()))::text::numeric as reached,
            $1::text::numeric < in_log(pg_snapshot_xmin(pg_current_snapshot()))::text::numeric as settled,
            exists (select from event_log_start where (xid::text::numeric, position) > ($1::text::numeric, $2)) as dropped`,
    [checkpoint.xid, checkpoint.position],
  )
  const [row] = rows
  if (row?.reached !== true) return row?.home === false ? 'away' : 'not reached'
  if (row.dropped && compareCheckpoints(checkpoint, logStart) > 0) return 'dropped'
  return row.settled ? 'kept' : 'unsettled'
}

function toEvent(row: EventRow, recordedAt: string, { customerId, document }: OrderOfEvent): LoggedEvent {
  const isPlacing = document !== null && row.type === 'order.placed'
  return {
    checkpoint: { xid: row.xid, position: row.position },
    orderUid: row.order_uid,
    customerId,
    sequence: row.sequence,
    type: row.type,
    recordedAt,
    data: isPlacing ? joinObjects(document, row.data) : row.data,
    traceparent: row.traceparent,
  }
}

/** Two non-empty JSON objects as one: the fields of the second behind those of the first. */
export function joinObjects(first: string, second: string): string {
  return `${first.slice(0, -1)},${second.slice(1)}`
}
