import { isDeepStrictEqual } from 'node:util'

type Json = Record<string, unknown>

/** The keywords that hold values, not schemas. */
const valueKeywords = new Set(['const', 'default', 'enum', 'example', 'examples'])

/** Beyond these an integer does not fit into the 32 bits that Java generators give it by default. */
const bits32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }

/**
 * Rewrites the schemas of a document for other tools:
 * - without `expected`, our own keyword for what a violation says: strict validators refuse keywords they do not know;
 * - `format: int64` at each integer that 32 bits may not hold, and `format: double` at other numbers;
 * - a `type` at each `enum` and `const`, without which typed languages see a value of any type;
 * - without `uniqueItems` at arrays of an `enum`, of which openapi-generator makes Java that does not compile. The service
 *   checks it all the same.
 */
export function publishSchemas(document: Json): Json {
  return publish(document) as Json
}

function publish(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(publish)
  if (typeof value !== 'object' || value === null) return value
  const published: Json = {}
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'expected' && typeof inner === 'string') continue
    if (inner === undefined) continue
    published[name] = valueKeywords.has(name) ? inner : publish(inner)
  }
  return withTypes(published)
}

function withTypes(schema: Json): Json {
  const { type, format, items, uniqueItems, ...others } = schema
  if (type === undefined && Array.isArray(schema.enum)) return { type: typeOf(schema.enum), ...schema }
  if (type === undefined && typeof schema.const === 'string') return { type: 'string', ...schema }
  if (isType(type, 'integer') && format === undefined && !fitsIn32Bits(schema)) {
    const { type: _, ...rest } = schema
    return { type, format: 'int64', ...rest }
  }
  if (isType(type, 'number') && format === undefined) {
    const { type: _, ...rest } = schema
    return { type, format: 'double', ...rest }
  }
  if (type === 'array' && uniqueItems === true && isObject(items) && Array.isArray(items.enum)) {
    return { type, items, ...others }
  }
  return schema
}

function typeOf(values: readonly unknown[]): string | string[] {
  const types = [...new Set(values.map(value => (value === null ? 'null' : typeof value)))]
  return types.length === 1 ? String(types[0]) : types
}

function fitsIn32Bits({ minimum, maximum }: Json): boolean {
  return (
    typeof minimum === 'number' && typeof maximum === 'number' && minimum >= bits32.minimum && maximum <= bits32.maximum
  )
}

function isType(type: unknown, name: string): boolean {
  return type === name || (Array.isArray(type) && type.includes(name))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A title that is the name of a type, such as `OrderStatus`; others are for people. */
const nameForm = /^[A-Z][A-Za-z0-9]*$/

/**
 * Moves each schema whose title is a name to the schemas of that name, and refers to it there. Generators make a type of each
 * named schema; of one that stands inside another they make a type without a name, or one for each place.
 *
 * @param document any part of a document
 * @param named the schemas by name, added to
 * @throws Error when two schemas that differ have one name
 */
export function nameSchemas(document: unknown, named: Map<string, Json>): unknown {
  if (Array.isArray(document)) return document.map(part => nameSchemas(part, named))
  if (!isObject(document)) return document
  const moved: Json = {}
  for (const [name, inner] of Object.entries(document)) {
    moved[name] = valueKeywords.has(name) ? inner : nameSchemas(inner, named)
  }
  const { title } = moved
  if (typeof title !== 'string' || !nameForm.test(title) || !('type' in moved)) return moved
  const known = named.get(title)
  if (known !== undefined && !isDeepStrictEqual(known, moved)) {
    throw new Error(`two schemas that differ are named ${title}`)
  }
  named.set(title, moved)
  return { $ref: `#/components/schemas/${title}` }
}
