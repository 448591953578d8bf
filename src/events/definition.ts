import type { Static, TSchema } from 'typebox'

/**
 * A type of event, described once: the code appends events by it, and the documentation, the JSON Schemas and the filters of
 * readers are made of it. Each module defines its own and lists them in its `module.ts`.
 */
export type EventDefinition<Data extends TSchema = TSchema> = Readonly<{
  /** Such as `order.placed`. */
  type: string
  /** The type of the streams that it happens in, such as `order`. */
  stream: string
  /** Whether every stream begins with it. */
  isFirst?: boolean
  title: string
  /** When it happens, in a sentence. */
  description: string
  /** What an event of this type carries. Fields may be added to it; anything else is a new version. */
  data: Data
  example: Static<Data>
}>

/** Keeps the type of the data with the definition, and has the compiler check the example. */
export function defineEvent<Data extends TSchema>(definition: EventDefinition<Data>): EventDefinition<Data> {
  return definition
}

/** The version of what events carry: part of their names wherever others rely on it. */
const version = 'v1'

/** The type of an event as a CloudEvent names it, worldwide. */
export function cloudEventType(type: string): string {
  return `com.shoppingcart.${type}.${version}`
}

/** The name of a type's schema among schemas, and of its file. */
export function schemaName(type: string): string {
  return `${type}.${version}`
}
