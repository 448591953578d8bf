import { Type } from 'typebox'
import type { Channel, Message } from '../platform/asyncapi.ts'
import { cloudEventType, type EventDefinition, schemaName } from './definition.ts'
import { envelopeOf } from './schemas.ts'

/** The ways that events go out, for the AsyncAPI document. */

const time = '2026-01-15T12:00:00.000Z'
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const json = 'application/json'

/** The headers of a published event: CloudEvents 1.0 in Kafka's binary mode. */
const eventHeaders = {
  ce_specversion: Type.Literal('1.0'),
  ce_id: Type.String({ description: 'The identity of the event: the same when it comes twice' }),
  ce_source: Type.Literal('urn:shopping-cart:orders'),
  ce_time: Type.String({ format: 'date-time', description: 'When it was recorded' }),
  ce_subject: Type.String({ description: 'The id of its stream: of an order, the order_uid' }),
  ce_sequence: Type.String({
    pattern: '^[1-9][0-9]*$',
    description: 'Its number within the stream, from 1, without gaps',
  }),
  ce_streamtype: Type.String({ description: 'What the stream is of: order, or what else the subject names' }),
  ce_orderuid: Type.Optional(Type.String({ description: 'The order that it concerns, where that is not the subject' })),
  'content-type': Type.Literal(json),
  traceparent: Type.Optional(
    Type.String({ description: 'Of the request or message behind the event (W3C Trace Context), where it had one' }),
  ),
}

const headersExample = (type: string, stream: string, sequence: number) => ({
  ce_specversion: '1.0',
  ce_id: '4711',
  ce_source: 'urn:shopping-cart:orders',
  ce_type: cloudEventType(type),
  ce_time: time,
  ce_subject: exampleUid,
  ce_sequence: String(sequence),
  ce_streamtype: stream,
  'content-type': json,
  traceparent,
})

const exampleUid = 'b563feb7b2b84b6test'
const dataOf = (type: string) => ({ $ref: `#/components/schemas/${schemaName(type)}` })
const sequenceOf = ({ isFirst }: EventDefinition) => (isFirst ? 1 : 2)

function cloudEvent(definition: EventDefinition): Message {
  const { type, stream, title, description, example } = definition
  return {
    name: cloudEventType(type),
    title,
    summary: description,
    contentType: json,
    headers: Type.Object({ ...eventHeaders, ce_type: Type.Literal(cloudEventType(type)) }),
    key: 'The order that it concerns, else the stream: a partition has the events of an order in their order',
    payload: dataOf(type),
    examples: [{ headers: headersExample(type, stream, sequenceOf(definition)), payload: example }],
  }
}

/** What is published instead of an event that the topic would not carry. */
function withoutData(definitions: readonly EventDefinition[]): Message {
  const reference = `/api/orders/${exampleUid}`
  return {
    name: 'event-without-data',
    title: 'An event that is too large for the topic',
    summary: 'It comes without its data; ce_dataref says where its stream can be read',
    contentType: json,
    headers: Type.Object({
      ...eventHeaders,
      ce_type: Type.Enum(definitions.map(({ type }) => cloudEventType(type))),
      ce_dataref: Type.String({ format: 'uri-reference', description: 'Where its stream can be read' }),
    }),
    key: 'The order that it concerns, else the stream',
    payload: Type.Object(
      { stream_type: Type.String(), stream_id: Type.String(), order_uid: Type.Optional(Type.String()) },
      { additionalProperties: false },
    ),
    examples: [
      {
        headers: { ...headersExample('order.placed', 'order', 1), ce_dataref: reference },
        payload: { stream_type: 'order', stream_id: exampleUid, order_uid: exampleUid },
      },
    ],
  }
}

/** An event as one JSON object. */
export function envelope(definition: EventDefinition): Message {
  const { type, title, description, example } = definition
  const sequence = sequenceOf(definition)
  return {
    name: type,
    title,
    summary: description,
    contentType: json,
    payload: envelopeOf(definition, Type.Unsafe(dataOf(type))),
    examples: [
      {
        payload: {
          id: '4711',
          type,
          stream_type: definition.stream,
          stream_id: exampleUid,
          order_uid: exampleUid,
          sequence,
          time,
          data: example,
        },
      },
    ],
  }
}

const framing =
  'Asked for with Accept: text/event-stream. Each is a server-sent event: id is the cursor to come back with as ' +
  'Last-Event-ID, event the type, data the JSON object.'

/** The topic that events are published to. */
export function publishedEvents(definitions: readonly EventDefinition[], address: string): Channel {
  return {
    name: 'events',
    address,
    server: 'kafka',
    action: 'send',
    title: 'Every event, published',
    description:
      'KAFKA_EVENTS_TOPIC. CloudEvents 1.0 in binary mode, at least once: tell those that come twice by ce_id.',
    messages: [...definitions.map(cloudEvent), withoutData(definitions)],
  }
}

/** The ways that events go out live, over HTTP. */
export function eventChannels(definitions: readonly EventDefinition[]): Channel[] {
  const live = { server: 'http', action: 'send', method: 'GET', messages: definitions.map(envelope) } as const
  return [
    { ...live, name: 'live-events', address: '/api/events', title: 'Every event, live', description: framing },
    {
      ...live,
      name: 'live-order-events',
      address: '/api/orders/{order_uid}/events',
      parameters: { order_uid: { description: 'The order' } },
      title: 'The events of one order, from its first on, then live',
      description: framing,
    },
  ]
}

/** The schemas that the channels refer to: of the data of each type. */
export function eventDataSchemas(definitions: readonly EventDefinition[]): Record<string, unknown> {
  return Object.fromEntries(
    definitions.map(({ type, title, description, data }) => [schemaName(type), { ...data, title, description }]),
  )
}
