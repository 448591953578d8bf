import { type Static, type TSchema, Type } from 'typebox'
import { publishSchemas } from '../platform/json-schema.ts'
import { time } from '../platform/view.ts'
import { type EventDefinition, schemaName } from './definition.ts'

/** The schemas of events, made of their definitions. */

type Json = Record<string, unknown>

const typeMeaning = 'What happened. More types may come'

/** What stands around the data where an event is one JSON object: in the read API, in SSE and in webhooks. */
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

const dialect = 'https://json-schema.org/draft/2020-12/schema'
const identifierOf = (name: string) => `urn:shopping-cart:event:${name}`

/** The schema of the data of events of one type, as a document of its own (JSON Schema 2020-12). */
function dataSchema({ type, title, description, data, example }: EventDefinition): Json {
  const name = schemaName(type)
  return { $schema: dialect, $id: identifierOf(name), ...data, title, description, examples: [example] }
}

/**
 * The JSON Schema documents of all events by name: of each type's data, which is what a Kafka message carries, and of `event`,
 * the JSON object that the read API, SSE and webhooks show.
 */
export function schemaDocuments(definitions: readonly EventDefinition[]): Map<string, Json> {
  const event = {
    $schema: dialect,
    $id: identifierOf(schemaName('event')),
    title: 'An event',
    description: 'An event as the read API, server-sent events and webhooks show it',
    oneOf: definitions.map(definition => envelopeOf(definition, Type.Ref(identifierOf(schemaName(definition.type))))),
  }
  return new Map(
    [event, ...definitions.map(dataSchema)].map((schema, index) => [
      schemaName(definitions[index - 1]?.type ?? 'event'),
      publishSchemas(schema),
    ]),
  )
}
