import { type Static, type TSchema, Type } from 'typebox'
import { time } from '../platform/view.ts'
import type { EventDefinition } from './definition.ts'

/** Events as JSON objects: what stands around their data in the read API, in SSE and in webhooks. */

const typeMeaning = 'What happened. More types may come'

const envelopeFields = {
  id: Type.String({ description: 'The identity of the event: the same when it comes twice' }),
  type: Type.String({ description: typeMeaning }),
  order_uid: Type.String({ description: 'The order that it happened to' }),
  sequence: Type.Integer({ minimum: 1, description: 'Its number within the order, from 1, without gaps' }),
  time: time({ description: 'When it was recorded' }),
}

/** An event of one type as a JSON object. */
export function envelopeOf({ type, title, description }: EventDefinition, data: TSchema): TSchema {
  return Type.Object({ ...envelopeFields, type: Type.Literal(type), data }, { title, description })
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
    { title: 'Event', description: 'Something that happened to an order' },
  )
}

/** An event as it is answered. */
export type EventView = Static<ReturnType<typeof anyEnvelope>>
