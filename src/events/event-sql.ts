/** SQL that other modules put into their own statements, so that the log's table is named here only. */

/** The events of all streams of a type. @param id what the stream's id is called in the statement */
export function eventsOf(streamType: string, id: string): string {
  return `(select stream_id as ${id}, xid, position, sequence, type, recorded_at, data
             from events
            where stream_type = '${streamType}')`
}

/** The newest events of the log, at most `eventsMax`. */
export function newestEvents(eventsMax: number): string {
  return `(select xid, position, stream_type, stream_id, concerns_order, sequence, type, recorded_at
             from events
            order by xid desc, position desc
            limit ${eventsMax})`
}

/** The rows of events of the streams that another table of the statement names: `events` of a sample. */
export function sampleOfEvents(streamType: string, table: string, id: string): string {
  return `select events.* from events join ${table} on stream_type = '${streamType}' and stream_id = ${table}.${id}`
}

/** The orders that events of other streams concern, as `order_uid`. */
export const concerningEvents = 'select concerns_order as order_uid from events where concerns_order is not null'

/** Every event of the log. */
export const allEvents = `(select xid, position, stream_type, stream_id, concerns_order, sequence, type, recorded_at from events)`

/** Selects a row if a part of the log was dropped. */
export const droppedPart = 'select from event_log_start'

/** The readers that have a checkpoint, and which. */
export const logReaders = '(select name, xid, position, updated_at from log_readers)'

/** The time before which events were dropped from the log; null where none were. */
export const droppedBefore = '(select recorded_before from event_log_start)'
