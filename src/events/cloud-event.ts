import type { OutgoingMessage } from '../platform/kafka/record-batch.ts'
import { traceparentHeader } from '../platform/traceparent.ts'
import { cloudEventType } from './definition.ts'
import type { LoggedEvent } from './event-rows.ts'

/** What is the same in every message. `source`: where events happen. */
const constants = [
  ['ce_specversion', '1.0'],
  ['ce_source', 'urn:shopping-cart:orders'],
  ['content-type', 'application/json'],
] as const

/**
 * An event as a CloudEvents 1.0 message in Kafka's binary mode: the context in headers, the data as the value. Its key is the order
 * that it concerns, or else its stream, so that a partition has an order's events in their order. A repetition has the same `ce_id`.
 * The trace that the change belongs to goes with it.
 */
export function toCloudEvent(event: LoggedEvent): OutgoingMessage {
  const { streamType, streamId, orderUid, checkpoint, type, recordedAt, sequence, traceparent, data } = event
  return {
    key: orderUid ?? streamId,
    value: data,
    headers: [
      ...constants,
      ['ce_id', checkpoint.position],
      ['ce_type', cloudEventType(type)],
      ['ce_time', recordedAt],
      ['ce_subject', streamId],
      ['ce_sequence', String(sequence)],
      // Extension attributes: of the stream that the subject names, and of the order where that is another.
      ['ce_streamtype', streamType],
      ...(orderUid === null || orderUid === streamId ? [] : [['ce_orderuid', orderUid] as const]),
      ...(traceparent === null ? [] : [[traceparentHeader, traceparent] as const]),
    ],
  }
}

/**
 * An event whose data no message of the topic can carry: it is published all the same, and says where its stream can be read
 * (CloudEvents extension `dataref`).
 */
export function toCloudEventWithoutData(event: LoggedEvent, address: string): OutgoingMessage {
  const { streamType, streamId, orderUid } = event
  const whole = toCloudEvent(event)
  return {
    ...whole,
    value: JSON.stringify({
      stream_type: streamType,
      stream_id: streamId,
      ...(orderUid === null ? {} : { order_uid: orderUid }),
    }),
    headers: [...(whole.headers ?? []), ['ce_dataref', address]],
  }
}
