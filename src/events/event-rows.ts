import type { Checkpoint } from './checkpoint.ts'
import { type EventLog, orderStreamType, type StreamDefinition, type StreamFacts } from './stream-definition.ts'

/** Rows of the log, and the facts from other tables that complete them. */

export type LoggedEvent = {
  checkpoint: Checkpoint
  streamType: string
  streamId: string
  /** The order that it concerns; in an order's own stream that order. */
  orderUid: string | null
  /** Null when it is no customer's, or the order is no longer there. */
  customerId: string | null
  /** Per stream, from 1, without gaps. */
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

export type EventRow = {
  xid: string
  position: string
  /** Null for an order's stream: nearly all are, and a text for each would be made for nothing. */
  other_type: string | null
  stream_id: string
  concerns_order: string | null
  sequence: number
  type: string
  /** Milliseconds since 1970. */
  recorded_ms: string
  data: string
  traceparent: string | null
}

/** Times are made texts here: events that were written together have the same one, and the server would make each. */
export const fields = `xid, position, nullif(stream_type, '${orderStreamType}') as other_type, stream_id, concerns_order, sequence, type,
         data, traceparent, floor(extract(epoch from recorded_at) * 1000)::bigint as recorded_ms`

/** The bytes of documents of a page, unless asked for fewer. */
export const pageBytesMax = 4 * 1024 * 1024

const unknown: StreamFacts = { customerId: null, document: null }

/**
 * The facts that rows are read with, in their order.
 *
 * @param withDocuments whether the documents are wanted that events carry
 * @returns undefined for the rows behind the one whose document exceeds `bytesMax`
 */
export async function factsOf(
  { pool, streams }: EventLog,
  rows: readonly EventRow[],
  bytesMax: number,
  withDocuments = true,
): Promise<(StreamFacts | undefined)[]> {
  const facts = new Array<StreamFacts | undefined>(rows.length)
  const missing = new Map<StreamDefinition, { index: number; streamId: string; withDocument: boolean }[]>()
  const byType = new Map(streams.map(stream => [stream.type, stream]))
  for (const [index, row] of rows.entries()) {
    // What concerns an order is the order's customer's; anything else its own stream's.
    const isOther = row.other_type !== null && row.concerns_order === null
    const stream = byType.get(isOther ? (row.other_type ?? '') : orderStreamType)
    const streamId = isOther ? row.stream_id : (row.concerns_order ?? row.stream_id)
    const recalled = stream?.recallFacts?.(streamId)
    if (recalled !== undefined || stream?.fetchFacts === undefined) facts[index] = recalled ?? unknown
    else {
      const wanted = { index, streamId, withDocument: withDocuments && row.type === stream.documentIn }
      const others = missing.get(stream)
      if (others === undefined) missing.set(stream, [wanted])
      else others.push(wanted)
    }
  }
  for (const [stream, wanted] of missing) {
    const fetched = (await stream.fetchFacts?.(pool, wanted, bytesMax)) ?? []
    for (const [position, found] of fetched.entries()) {
      const index = wanted[position]?.index
      if (index !== undefined) facts[index] = found
    }
  }
  return facts
}

/** Rows as events: a stream's document is stored once, with the stream, and put in here. @param limit that of the request */
export async function toPage(
  log: EventLog,
  rows: readonly EventRow[],
  limit: number,
  bytesMax: number = pageBytesMax,
): Promise<LogPage> {
  for (const row of [rows[0], rows.at(-1)]) if (row !== undefined) log.newest.note(row.xid)
  const facts = await factsOf(log, rows, bytesMax)
  const carriers = new Set(log.streams.map(({ documentIn }) => documentIn))
  const events: LoggedEvent[] = []
  let time = { ms: '', text: '' }
  for (const [index, row] of rows.entries()) {
    const known = facts[index]
    if (known === undefined) break
    const ms = row.recorded_ms
    if (ms !== time.ms) time = { ms, text: new Date(Number(ms)).toISOString() }
    events.push(toEvent(row, time.text, known, carriers.has(row.type)))
  }
  return { events, isAll: rows.length < limit && events.length === rows.length }
}

function toEvent(
  row: EventRow,
  recordedAt: string,
  { customerId, document }: StreamFacts,
  carriesDocument: boolean,
): LoggedEvent {
  return {
    checkpoint: { xid: row.xid, position: row.position },
    streamType: row.other_type ?? orderStreamType,
    streamId: row.stream_id,
    orderUid: row.other_type === null ? row.stream_id : row.concerns_order,
    customerId,
    sequence: row.sequence,
    type: row.type,
    recordedAt,
    data: carriesDocument && document !== null ? joinObjects(document, row.data) : row.data,
    traceparent: row.traceparent,
  }
}

/** Two non-empty JSON objects as one: the fields of the second behind those of the first. */
export function joinObjects(first: string, second: string): string {
  return `${first.slice(0, -1)},${second.slice(1)}`
}
