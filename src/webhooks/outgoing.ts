import { carried, carriedJson } from '../events/carried.ts'
import { encodeEvent } from '../events/encode.ts'
import type { LoggedEvent } from '../events/event-rows.ts'
import { type FedEvent, jsonOf } from '../events/fed-event.ts'
import type { EventLog } from '../events/stream-definition.ts'
import { traceparentHeader } from '../platform/traceparent.ts'
import type { Delivery, DeliveryOutcome } from './delivery-queries.ts'
import type { Sender, SendResult } from './sender.ts'
import { signedHeaders, validSecrets } from './signing.ts'
import type { Endpoint } from './webhook.ts'

/** An event as a receiver gets it. */
export type OutgoingEvent = {
  /** The event's identity: the same when it comes twice, and to every receiver. */
  id: string
  streamType: string
  streamId: string
  orderUid: string | null
  sequence: number
  type: string
  /** RFC 3339. */
  recordedAt: string
  /** W3C Trace Context of what made the change; null when it had none. */
  traceparent: string | null
  /** The event as JSON, byte for byte what SSE has as `data`, unless recipients are left out. */
  body: Uint8Array
}

export function fromFeed(log: EventLog, event: FedEvent): OutgoingEvent {
  return { ...aboutOf(event), body: carriedJson(log, event, jsonOf(event)) }
}

export function fromLog(log: EventLog, event: LoggedEvent): OutgoingEvent {
  return { ...aboutOf(event), body: new TextEncoder().encode(encodeEvent(carried(log, event))) }
}

function aboutOf(event: Omit<LoggedEvent, 'data'>): Omit<OutgoingEvent, 'body'> {
  const { checkpoint, streamType, streamId, orderUid, sequence, type, recordedAt, traceparent } = event
  return { id: checkpoint.position, streamType, streamId, orderUid, sequence, type, recordedAt, traceparent }
}

/** Signs an event with every valid secret and sends it, once. */
export function sendSigned(
  sender: Sender,
  endpoint: Endpoint,
  { id, body, traceparent }: OutgoingEvent,
  nowMs: number,
  stop?: AbortSignal,
): Promise<SendResult> {
  const signed = signedHeaders(id, body, validSecrets(endpoint, nowMs), nowMs)
  const headers = traceparent === null ? signed : { ...signed, [traceparentHeader]: traceparent }
  return sender.post(endpoint.url, headers, body, stop)
}

/** What the receiver took: any status of success. A redirect is none. */
export function isDelivered({ status }: SendResult): boolean {
  return status !== null && status >= 200 && status < 300
}

/** An attempt as an entry of the delivery log. */
export function toDelivery(
  webhookId: string,
  event: OutgoingEvent,
  result: SendResult,
  about: { attempt: number; outcome: DeliveryOutcome; attemptedAtMs: number },
): Delivery {
  const { id: eventId, streamType, streamId, orderUid, sequence, type: eventType } = event
  return { webhookId, streamType, streamId, orderUid, sequence, eventId, eventType, ...result, ...about }
}
