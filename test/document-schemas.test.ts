import { beforeAll, describe, expect, test } from 'bun:test'
import { currentDocuments } from '../scripts/write-openapi.ts'
import { nameSchemas, publishSchemas } from '../src/platform/json-schema.ts'

/** Rules of the schemas in OpenAPI and AsyncAPI without which generators of clients and linters fail on them. */

type Json = Record<string, unknown>
type Place = { at: string; schema: Json }

const files = ['openapi.json', 'asyncapi.json'] as const
const documents = new Map<string, Json>()

beforeAll(async () => {
  const texts = await currentDocuments()
  for (const file of files) documents.set(file, JSON.parse(texts.get(file) ?? ''))
})

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every schema of a document, those inside others too. */
function schemasOf(document: Json): Place[] {
  const found: Place[] = []
  const visit = (at: string, schema: unknown): void => {
    if (!isObject(schema)) return
    found.push({ at, schema })
    for (const [name, inner] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
      visit(`${at}/properties/${name}`, inner)
    }
    for (const name of ['items', 'additionalProperties', 'contentSchema']) visit(`${at}/${name}`, schema[name])
    for (const name of ['allOf', 'anyOf', 'oneOf', 'prefixItems']) {
      if (Array.isArray(schema[name]))
        schema[name].forEach((inner, index) => void visit(`${at}/${name}/${index}`, inner))
    }
  }
  const search = (at: string, value: unknown): void => {
    if (Array.isArray(value)) value.forEach((inner, index) => void search(`${at}/${index}`, inner))
    if (!isObject(value)) return
    for (const [name, inner] of Object.entries(value)) {
      const isMessagePart = at.includes('/components/messages/') && (name === 'payload' || name === 'headers')
      if (name === 'schema' || at.endsWith('/components/schemas') || (isMessagePart && !at.includes('/examples'))) {
        visit(`${at}/${name}`, inner)
      } else if (name !== 'examples') search(`${at}/${name}`, inner)
    }
  }
  search('', document)
  return found
}

/** The places of a document whose schema breaks a rule. */
const placesOf = (file: string, breaks: (schema: Json, at: string) => boolean) =>
  schemasOf(documents.get(file) ?? {})
    .filter(({ at, schema }) => breaks(schema, at))
    .map(({ at }) => at)

const typesOf = ({ type }: Json): unknown[] => (Array.isArray(type) ? type : [type])

/** The keywords of JSON Schema that the documents use; any other would be our own, or one that tools have not been tried with. */
const keywords = (
  '$ref additionalProperties anyOf const contentEncoding contentMediaType contentSchema default description enum examples ' +
  'format items maximum maxItems maxLength maxProperties minimum minItems minLength multipleOf pattern properties required title type'
).split(' ')

describe.each([...files])('the schemas of %s', file => {
  test('exist', () => {
    expect(schemasOf(documents.get(file) ?? {}).length).toBeGreaterThan(150)
  })

  test('use keywords of JSON Schema only', () => {
    expect(placesOf(file, schema => Object.keys(schema).some(name => !keywords.includes(name)))).toEqual([])
  })

  test('refer to named schemas, never to a part of one', () => {
    expect(
      placesOf(file, ({ $ref }) => typeof $ref === 'string' && !/^#\/components\/schemas\/[A-Za-z0-9._]+$/.test($ref)),
    ).toEqual([])
  })

  test('have patterns that RE2, Java and Python can compile', () => {
    // No look around, no reference back, no \u and no lone \0, no repetition beyond 1000.
    const foreign = /\(\?(?!:)|\\[1-9pPuUkGZAz]|\\0|\{\d*,?\d{4,}\}|[\ud800-\udfff]/
    expect(placesOf(file, ({ pattern }) => typeof pattern === 'string' && foreign.test(pattern))).toEqual([])
  })

  test('give the items of arrays and the type of enums', () => {
    expect(placesOf(file, schema => typesOf(schema).includes('array') && !isObject(schema.items))).toEqual([])
    expect(
      placesOf(file, schema => ('enum' in schema || 'const' in schema) && typeof schema.type !== 'string'),
    ).toEqual([])
    expect(placesOf(file, ({ uniqueItems }) => uniqueItems !== undefined)).toEqual([])
  })

  test('give integers beyond 32 bits the format int64, and numbers the format double', () => {
    const fits = ({ minimum, maximum }: Json) => Number(minimum) >= -(2 ** 31) && Number(maximum) < 2 ** 31
    expect(
      placesOf(file, schema => typesOf(schema).includes('integer') && !fits(schema) && schema.format !== 'int64'),
    ).toEqual([])
    expect(placesOf(file, schema => typesOf(schema).includes('number') && schema.format !== 'double')).toEqual([])
  })

  test('have a title if they are objects', () => {
    // The headers and payloads of messages are named by their message.
    const isOfMessage = (at: string) => /^\/components\/messages\/[^/]+\/(payload|headers)$/.test(at)
    expect(
      placesOf(
        file,
        (schema, at) => typesOf(schema).includes('object') && schema.title === undefined && !isOfMessage(at),
      ),
    ).toEqual([])
  })
})

test('every nested object of OpenAPI is a schema with a name', () => {
  expect(
    placesOf('openapi.json', (schema, at) => 'properties' in schema && !/^\/components\/schemas\/[^/]+$/.test(at)),
  ).toEqual([])
})

test('publishing keeps values, and properties that are named like keywords', () => {
  const untouched = {
    type: 'object',
    title: 'an object',
    properties: { type: { type: 'string' }, expected: { type: 'string' }, enum: { type: 'boolean' } },
    examples: [{ type: 'integer', expected: 'kept' }],
    default: { type: 'number' },
  }
  expect(publishSchemas(untouched)).toEqual(untouched)
  expect(publishSchemas({ type: 'array', uniqueItems: true, items: { enum: ['a', 'b'] } })).toEqual({
    type: 'array',
    items: { type: 'string', enum: ['a', 'b'] },
  })
  expect(publishSchemas({ type: ['integer', 'null'], minimum: 0, expected: 'a number' })).toEqual({
    type: ['integer', 'null'],
    format: 'int64',
    minimum: 0,
  })
})

test('two schemas that differ cannot have one name', () => {
  const named = new Map<string, Json>()
  const order = { type: 'object', title: 'Order', properties: {} }
  expect(nameSchemas({ schema: order }, named)).toEqual({ schema: { $ref: '#/components/schemas/Order' } })
  expect(nameSchemas([{ properties: {}, title: 'Order', type: 'object' }], named)).toHaveLength(1)
  expect(() => nameSchemas({ ...order, required: ['a'] }, named)).toThrow('Order')
})
