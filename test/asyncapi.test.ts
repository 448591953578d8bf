import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import specification from '@asyncapi/specs/schemas/3.0.0.json'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { currentDocuments } from '../scripts/write-openapi.ts'
import { cloudEventType } from '../src/events/definition.ts'
import { catalogueOf, modules } from '../src/modules.ts'
import { createTestApp } from './app.ts'
import { expectReferences } from './references.ts'

const eventDefinitions = catalogueOf(modules).events

setDefaultTimeout(60_000)

type Message = {
  headers?: object
  payload: object
  examples: { headers?: object; payload: unknown }[]
}
type Channel = { address?: string; messages: Record<string, unknown> }
type Operation = { action: string; channel: { $ref: string } }
type Document = {
  channels: Record<string, Channel>
  operations: Record<string, Operation>
  components: { messages: Record<string, Message> }
}

/** The machine may have other things to do, and a file may be the one that starts the database. */
const timeoutMs = 60_000

let text = ''
let document: Document

beforeAll(async () => {
  text = (await currentDocuments()).get('asyncapi.json') ?? ''
  document = JSON.parse(text)
}, timeoutMs)

test(
  'it is valid AsyncAPI 3 by the schema of the specification',
  () => {
    // It brings its own copy of the schema of schemas.
    const validator = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false })
    addFormats(validator)
    validator.validate(specification, JSON.parse(text))
    expect(validator.errors ?? []).toEqual([])
    // The schema is one that finds mistakes.
    expect(validator.validate(specification, { ...document, channels: { orders: { adress: 'orders' } } })).toBe(false)
  },
  timeoutMs,
)

test('every reference resolves', () => {
  expectReferences(text)
})

test('it names every channel, with the default topics', () => {
  const ways = Object.values(document.operations).map(({ action, channel }) => {
    const name = channel.$ref.split('/').at(-1) ?? ''
    return `${action} ${document.channels[name]?.address}`
  })
  expect(ways.sort()).toEqual([
    'receive orders',
    'receive orders.commands',
    'receive orders.stock',
    'receive orders.tracking',
    'send /api/events',
    'send /api/orders/{order_uid}/events',
    'send orders.dlq',
    'send orders.events',
    'send undefined',
  ])
})

test('every type of event is published and live', () => {
  const types = eventDefinitions.map(({ type }) => type)
  expect(new Set(types).size).toBe(types.length)
  const published = Object.keys(document.channels.events?.messages ?? {})
  expect(published).toEqual([...types.map(cloudEventType), 'event-without-data'])
  expect(Object.keys(document.channels['live-events']?.messages ?? {})).toEqual(types)
  expect(Object.keys(document.channels.webhooks?.messages ?? {})).toEqual(types.map(type => `webhook.${type}`))
})

test('the examples of every message match its schemas', () => {
  // Strict: a keyword that is not of JSON Schema would be met here. What references lead to stands beside each schema.
  const validator = new Ajv({ strict: true, allErrors: true }).addKeyword('components')
  addFormats(validator)
  const { components } = document
  for (const [name, { headers, payload, examples }] of Object.entries(components.messages)) {
    expect(examples, name).not.toEqual([])
    for (const example of examples) {
      expect(errorsOf(validator, { ...payload, components }, example.payload), name).toEqual([])
      if (headers !== undefined) expect(errorsOf(validator, headers, example.headers), name).toEqual([])
    }
  }
})

function errorsOf(validator: Ajv, schema: object, value: unknown) {
  validator.validate(schema, value)
  return validator.errors ?? []
}

test(
  'it is served to everybody',
  async () => {
    const t = await createTestApp()
    const response = await t.call('GET', '/api/asyncapi.json')
    expect(response.headers.get('content-type')).toStartWith('application/json')
    expect(await response.json()).toEqual(JSON.parse(text))
    await t.close()
  },
  timeoutMs,
)
