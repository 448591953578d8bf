import { type Copy, copyOf } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { RowWriter } from '../platform/row-writer.ts'
import type { EventDefinition } from './definition.ts'
import { orderStreamType } from './stream-definition.ts'

/** The writing side of the log: events are appended in the transaction that makes the change. */

/** Instances are notified on this channel that the log has grown; the message is empty. */
export const logChannel = 'event_log'

/** The end of a transaction that writes events: it is refused where the log is not at home, see `log-home.ts`. */
export const notifyOfEvents = 'call notify_log_grown()'

/** The end of a transaction that writes none, and leads to some: it is refused there too, and wakes no reader. */
export const expectLogHome = 'call expect_log_home()'

export type NewEvent = {
  /** The stream, of the type that the definition names: 1–64 of `A-Z a-z 0-9 _ -`. Its writer holds its lock. */
  streamId: string
  /**
   * The order that an event of another stream concerns. Its writer holds that order's lock as well, so that the order's
   * history is complete up to its last event without waiting for open transactions.
   */
  concernsOrder?: string | undefined
  /** Per stream, from 1, without gaps. */
  sequence: number
  /** An event of a type that is not described cannot be written. */
  definition: EventDefinition
  recordedAt: Date
  /** JSON. */
  data: string
  /** W3C Trace Context of the request or message that made the change. */
  traceparent?: string | undefined
}

const columns = 'stream_id, sequence, type, recorded_at, traceparent, data'
/** What an order's own event leaves to the table's defaults. */
const columnsOfOthers = 'stream_type, concerns_order'

/** Ids stand in events as they are, without escapes. */
const idForm = /^[\w-]{1,64}$/

function checkIds({ streamId, concernsOrder = streamId }: NewEvent): void {
  if (!idForm.test(streamId) || !idForm.test(concernsOrder))
    throw new RangeError('an event has an id that no stream can have')
}

/** The rows of new events. Their writer ends the transaction with `notifyOfEvents`. */
export function copyOfEvents(events: readonly NewEvent[]): Copy {
  const areOfOrders = events.every(({ definition }) => definition.stream === orderStreamType)
  if (areOfOrders) return copyOf('events', columns, events, (event, writer) => writeEvent(event, writer, 6))
  for (const event of events) checkIds(event)
  return copyOf('events', `${columns}, ${columnsOfOthers}`, events, (event, writer) => {
    writeEvent(event, writer, 8)
    writer.text(event.definition.stream)
    if (event.concernsOrder === undefined) writer.null()
    else writer.text(event.concernsOrder)
  })
}

function writeEvent(event: NewEvent, writer: RowWriter, fields: number): void {
  writer.row(fields)
  writer.text(event.streamId)
  writer.integer(event.sequence)
  writer.text(event.definition.type)
  writer.timestamp(event.recordedAt.getTime())
  if (event.traceparent === undefined) writer.null()
  else writer.text(event.traceparent)
  writer.text(event.data)
}

/** Appends an event in a caller's transaction, and notifies the readers of the log with its commit. */
export async function appendEvent(client: PoolClient, event: NewEvent): Promise<void> {
  checkIds(event)
  await client.query(`insert into events (${columns}, ${columnsOfOthers}) values ($1, $2, $3, $4, $5, $6, $7, $8)`, [
    event.streamId,
    event.sequence,
    event.definition.type,
    event.recordedAt,
    event.traceparent,
    event.data,
    event.definition.stream,
    event.concernsOrder,
  ])
  await client.query(notifyOfEvents)
}
