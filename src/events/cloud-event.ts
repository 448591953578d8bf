import type { OutgoingMessage } from '../platform/kafka-chunks.ts'
import type { LoggedEvent } from './log.ts'

/** What CloudEvents calls the context in which an event happened. */
const source = 'urn:shopping-cart:orders'

/**
 * An event as a CloudEvents 1.0 message in Kafka's binary mode: the context in headers, the data as the value, keyed by the
 * order so that a partition has an order's events in their order. A repetition has the same `ce_id`.
 */
export function toCloudEvent(event: LoggedEvent): OutgoingMessage {
  return {
    key: event.orderUid,
    value: event.data,
    headers: [
      ['ce_specversion', '1.0'],
      ['ce_id', event.place.position],
      ['ce_source', source],
      ['ce_type', `com.shoppingcart.${event.type}.v1`],
      ['ce_time', event.recordedAt.toISOString()],
      ['ce_subject', event.orderUid],
      ['ce_sequence', String(event.sequence)],
      ['content-type', 'application/json'],
    ],
  }
}
