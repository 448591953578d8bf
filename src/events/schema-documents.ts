import { Type } from 'typebox'
import { publishSchemas } from '../platform/json-schema.ts'
import { type EventDefinition, schemaName } from './definition.ts'
import { envelopeOf } from './schemas.ts'

/** The JSON Schema documents of events, as files of the repository show them. */

type Json = Record<string, unknown>

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
