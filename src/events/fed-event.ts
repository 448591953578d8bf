import { type Checkpoint, encodeCursor } from './checkpoint.ts'
import { encodeEvent } from './encode.ts'
import type { LoggedEvent } from './event-rows.ts'

/** An event on its way to live readers, encoded once for all of them. */
export type FedEvent = Omit<LoggedEvent, 'data'> & {
  /** A server-sent event. */
  frame: Uint8Array<ArrayBuffer>
  /** Where in the frame its data begin. */
  dataStart: number
}

/** What ends a server-sent event behind its data. */
const frameEnd = '\n\n'

/** The event as JSON, without the frame around it. */
export function jsonOf({ frame, dataStart }: FedEvent): Uint8Array<ArrayBuffer> {
  return frame.subarray(dataStart, frame.byteLength - frameEnd.length)
}

/** Events, and the checkpoint that their reader has come to with them. */
export type FedPage = { events: readonly FedEvent[]; checkpoint: Checkpoint }

/** Encodes an event for live readers. */
export function toFed(event: LoggedEvent): FedEvent {
  const { checkpoint, streamType, streamId, orderUid, customerId, sequence, type, recordedAt, traceparent } = event
  // All of it is ASCII, so its characters are its bytes.
  const head = `id: ${encodeCursor(checkpoint)}\nevent: ${type}\ndata: `
  const frame = new TextEncoder().encode(`${head}${encodeEvent(event)}${frameEnd}`)
  const dataStart = head.length
  return {
    checkpoint,
    streamType,
    streamId,
    orderUid,
    customerId,
    sequence,
    type,
    recordedAt,
    traceparent,
    frame,
    dataStart,
  }
}

/** What events take when they are sent, in bytes. */
export function sizeOf(events: readonly FedEvent[]): number {
  return events.reduce((bytes, event) => bytes + event.frame.byteLength, 0)
}
