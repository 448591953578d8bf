import type { Pool } from '../platform/postgres.ts'
import { type Checkpoint, compareCheckpoints, lastPosition, logStart } from './checkpoint.ts'
import { type EventRow, fields, type LoggedEvent, type LogPage, pageBytesMax, toPage } from './event-rows.ts'
import { type EventLog, orderStreamType, type StreamDefinition } from './stream-definition.ts'

/**
 * The event log, read in the order (xid, position). A reader sees only what no running transaction can still precede. What is
 * appended to it, and how, is in `append.ts`.
 */

/** Only what no running transaction can still precede. */
export const isSettled = 'xid < in_log(pg_snapshot_xmin(pg_current_snapshot()))'

const logPage = `
  select ${fields}
    from log_after($1::xid8, $2::bigint, $3)
   order by xid, position`

const logPageBack = `
  select ${fields}
    from log_before($1::xid8, $2::bigint, $3)
   order by xid desc, position desc`

/**
 * The events behind a checkpoint. Those that were dropped are not among them, see `lookUpCheckpoint`.
 *
 * @param limit the most events of the page
 * @param bytesMax the page ends with the event whose document exceeds this many bytes: an order may have a megabyte
 */
export async function readLog(
  log: EventLog,
  after: Checkpoint,
  limit: number,
  bytesMax: number = pageBytesMax,
): Promise<LogPage> {
  const { rows } = await log.pool.query<EventRow>(logPage, [after.xid, after.position, limit])
  return toPage(log, rows, limit, bytesMax)
}

/** The events before a checkpoint, newest first. */
export async function readLogBack(log: EventLog, before: Checkpoint, limit: number): Promise<LogPage> {
  const { rows } = await log.pool.query<EventRow>(logPageBack, [before.xid, before.position, limit])
  return toPage(log, rows, limit)
}

const orderLogPage = `
  select *
    from ((select ${fields}
             from events
            where stream_type = '${orderStreamType}' and stream_id = $4 and (xid, position) > ($1::xid8, $2::bigint)
            order by sequence
            limit $3)
          union all
          (select ${fields}
             from events
            where concerns_order = $4 and (xid, position) > ($1::xid8, $2::bigint)
            order by xid, position
            limit $3)) e
   order by xid, position
   limit $3`

/**
 * The events behind a checkpoint that concern an order, those of other streams among them. Unlike the others this waits for no open
 * transaction: the writer of such an event holds the order's lock, so committed events have no gap that another could fill.
 */
export async function readOrderLog(
  log: EventLog,
  orderUid: string,
  after: Checkpoint,
  limit: number,
  bytesMax: number = pageBytesMax,
): Promise<LogPage> {
  const { rows } = await log.pool.query<EventRow>(orderLogPage, [after.xid, after.position, limit, orderUid])
  return toPage(log, rows, limit, bytesMax)
}

/**
 * The number of the first event that the log has of a stream, also while that is not settled; the one after the last where it
 * has none any more; undefined when there is no such stream.
 */
export async function readFirstSequence(
  pool: Pool,
  { type, heads }: StreamDefinition,
  streamId: string,
): Promise<number | undefined> {
  const { rows } = await pool.query<{ first: number }>(
    `select coalesce((select min(sequence) from events where stream_id = $2 and stream_type = $1), version + 1) as first
       from (${heads}) heads
      where stream_id = $2`,
    [type, streamId],
  )
  return rows[0]?.first
}

const oneEvent = `select ${fields} from events where stream_type = $1 and stream_id = $2 and sequence = $3`

/** An event by its number within its stream; undefined when the log does not have it, or no longer. */
export async function readEvent(
  log: EventLog,
  { streamType, streamId, sequence }: { streamType: string; streamId: string; sequence: number },
): Promise<LoggedEvent | undefined> {
  const { rows } = await log.pool.query<EventRow>(oneEvent, [streamType, streamId, sequence])
  const { events } = await toPage(log, rows, 1)
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
 * What a checkpoint is to the log of this database:
 * - `kept`: a reader that goes on from it misses nothing. The start of the log always is;
 * - `unsettled`: only the history of an order has come to it, since an open transaction can still write before it;
 * - `dropped`: events behind it were dropped;
 * - `not reached`: the log has not come to it;
 * - `away`: the log is not settled on this server yet, see `log-home.ts`.
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
