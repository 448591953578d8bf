import type { OutgoingMessage } from '../platform/kafka/chunks.ts'
import { traceparentHeader } from '../platform/traceparent.ts'
import { cloudEventType } from './definition.ts'
import type { LoggedEvent } from './log.ts'

type Header = readonly [name: Buffer, value: Buffer]

const text = (value: string) => Buffer.from(value)
const header = (name: string, value: string): Header => [text(name), text(value)]

/** What is the same in every message, made once: at tens of thousands a second it counts. `source`: where events happen. */
const constants = [
  header('ce_specversion', '1.0'),
  header('ce_source', 'urn:shopping-cart:orders'),
  header('content-type', 'application/json'),
] as const
const names = { id: text('ce_id'), type: text('ce_type'), time: text('ce_time') }
const subjectName = text('ce_subject')
const sequenceName = text('ce_sequence')
const firstSequence = text('1')
const traceparentName = text(traceparentHeader)
const types = new Map<string, Buffer>()

function typeOf(event: LoggedEvent): Buffer {
  const known = types.get(event.type) ?? text(cloudEventType(event.type))
  types.set(event.type, known)
  return known
}

/**
 * An event as a CloudEvents 1.0 message in Kafka's binary mode: the context in headers, the data as the value, keyed by the
 * order so that a partition has an order's events in their order. A repetition has the same `ce_id`. The trace that the change
 * belongs to goes with it.
 */
export function toCloudEvent(event: LoggedEvent): OutgoingMessage {
  const key = text(event.orderUid)
  return {
    key,
    value: event.data,
    headers: [
      ...constants,
      [names.id, text(event.place.position)],
      [names.type, typeOf(event)],
      [names.time, text(event.recordedAt)],
      [subjectName, key],
      [sequenceName, event.sequence === 1 ? firstSequence : text(String(event.sequence))],
      ...(event.traceparent === null ? [] : [[traceparentName, text(event.traceparent)] as const]),
    ],
  }
}

/**
 * An event whose data no message of the topic can carry: it is published all the same, and says where the order can be read
 * (CloudEvents extension `dataref`).
 */
export function toCloudEventWithoutData(event: LoggedEvent): OutgoingMessage {
  const whole = toCloudEvent(event)
  const reference = header('ce_dataref', `/api/orders/${event.orderUid}`)
  return {
    ...whole,
    value: JSON.stringify({ order_uid: event.orderUid }),
    headers: [...(whole.headers ?? []), reference],
  }
}
