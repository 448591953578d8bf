import { type Static, type TSchema, Type } from 'typebox'
import { time } from '../platform/view.ts'
import type { EventDefinition } from './definition.ts'
import { orderStreamType } from './stream-definition.ts'

/** Events as JSON objects: what stands around their data in the read API, in SSE and in webhooks. */

const typeMeaning = 'What happened. More types may come'

const envelopeFields = {
  id: Type.String({ description: 'The identity of the event: the same when it comes twice' }),
  type: Type.String({ description: typeMeaning }),
  stream_type: Type.String({ description: 'What the stream is of. More types may come', examples: [orderStreamType] }),
  stream_id: Type.String({ description: 'The stream that it happened in' }),
  order_uid: Type.Optional(Type.String({ description: 'The order that it concerns, where it concerns one' })),
  sequence: Type.Integer({ minimum: 1, description: 'Its number within the stream, from 1, without gaps' }),
  time: time({ description: 'When it was recorded' }),
}

/** An event of one type as a JSON object. */
export function envelopeOf({ type, stream, title, description }: EventDefinition, data: TSchema): TSchema {
  const order = stream === orderStreamType ? { order_uid: Type.String({ description: 'The order: the stream' }) } : {}
  const types = { type: Type.Literal(type), stream_type: Type.Literal(stream) }
  return Type.Object({ ...envelopeFields, ...types, ...order, data }, { title, description })
}

/** An event of any type as a JSON object, its data left open. */
export function anyEnvelope(types: readonly string[]) {
  const data = { title: 'EventData', type: 'object', properties: {}, description: 'By type: see /api/asyncapi.json' }
  return Type.Object(
    {
      ...envelopeFields,
      type: Type.String({ description: typeMeaning, examples: types }),
      data: Type.Unsafe<Record<string, unknown>>(data),
    },
    { title: 'Event', description: 'Something that happened' },
  )
}

/** An event as it is answered. */
export type EventView = Static<ReturnType<typeof anyEnvelope>>
