import type { OutgoingMessage } from '../platform/kafka/record-batch.ts'
import { traceparentHeader } from '../platform/traceparent.ts'
import { cloudEventType } from './definition.ts'
import type { LoggedEvent } from './log.ts'

/** What is the same in every message. `source`: where events happen. */
const constants = [
  ['ce_specversion', '1.0'],
  ['ce_source', 'urn:shopping-cart:orders'],
  ['content-type', 'application/json'],
] as const

/**
 * An event as a CloudEvents 1.0 message in Kafka's binary mode: the context in headers, the data as the value, keyed by the
 * order so that a partition has an order's events in their order. A repetition has the same `ce_id`. The trace that the change
 * belongs to goes with it.
 */
export function toCloudEvent(event: LoggedEvent): OutgoingMessage {
  const { orderUid, checkpoint, type, recordedAt, sequence, traceparent, data } = event
  return {
    key: orderUid,
    value: data,
    headers: [
      ...constants,
      ['ce_id', checkpoint.position],
      ['ce_type', cloudEventType(type)],
      ['ce_time', recordedAt],
      ['ce_subject', orderUid],
      ['ce_sequence', String(sequence)],
      ...(traceparent === null ? [] : [[traceparentHeader, traceparent] as const]),
    ],
  }
}

/**
 * An event whose data no message of the topic can carry: it is published all the same, and says where the order can be read
 * (CloudEvents extension `dataref`).
 */
export function toCloudEventWithoutData(event: LoggedEvent): OutgoingMessage {
  const whole = toCloudEvent(event)
  return {
    ...whole,
    value: JSON.stringify({ order_uid: event.orderUid }),
    headers: [...(whole.headers ?? []), ['ce_dataref', `/api/orders/${event.orderUid}`]],
  }
}
