import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { documentsFolder, schemasFolder } from '../scripts/write-openapi.ts'
import { logStart } from '../src/events/checkpoint.ts'
import { toCloudEvent, toCloudEventWithoutData } from '../src/events/cloud-event.ts'
import { cloudEventType, schemaName } from '../src/events/definition.ts'
import type { LoggedEvent } from '../src/events/event-rows.ts'
import { readLog } from '../src/events/log.ts'
import { catalogueOf, modules } from '../src/modules.ts'
import { expireUnpaid } from '../src/orders/commands.ts'
import { exampleOrder } from '../src/orders/example.ts'
import type { OutgoingMessage } from '../src/platform/kafka/record-batch.ts'
import { createTestApp, eventLogOf, type TestApp } from './app.ts'
import { fillCarts } from './filled-carts.ts'
import { fillDeliveries } from './filled-deliveries.ts'
import { fillInventory } from './filled-inventory.ts'
import { fillPayments } from './filled-payments.ts'
import { fillReservations } from './filled-reservations.ts'
import { fillReturns } from './filled-returns.ts'
import { eventually } from './kafka.ts'
import { changePaidOf } from './payment-status.ts'

const eventDefinitions = catalogueOf(modules).events

setDefaultTimeout(60_000)

/** Events of a real run, held against the schemas that others rely on. */

type Json = Record<string, unknown>
type Schema = { properties?: Record<string, Schema>; items?: Schema }

const types = eventDefinitions.map(({ type }) => type)
const schemaOf = (name: string): Json =>
  JSON.parse(readFileSync(join(schemasFolder, `${schemaName(name)}.schema.json`), 'utf8'))

let t: TestApp
let events: LoggedEvent[]

beforeAll(async () => {
  t = await createTestApp()
  await runEveryCommand()
  await fillPayments(t)
  await fillCarts(t)
  await fillReturns(t)
  await fillDeliveries(t)
  await fillReservations(t)
  await fillInventory(t)
  const read = async () => (await readLog(eventLogOf(t.pool), logStart, 1_000)).events
  const { rows } = await t.pool.query<{ count: number }>('select count(*)::int as count from events')
  await eventually('the log is settled', async () => (await read()).length === rows[0]?.count)
  events = await read()
  // The machine may have other things to do.
}, 60_000)

afterAll(() => t.close())

async function place(change: (order: ReturnType<typeof exampleOrder>) => object): Promise<string> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  const body = { ...order, ...change(order) }
  expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
  return order.order_uid
}

/** Every command to orders. */
async function runEveryCommand(): Promise<void> {
  const paid = await place(() => ({}))
  const cancelled = await place(() => ({}))
  const unpaid = await place(({ payment }) => ({ payment: { ...payment, payment_dt: 0 } }))
  const body = { reason: 'a "reason"\n', actor: 'a test' }
  await changePaidOf(t.pool, { [paid]: { paymentStatus: 'partially_refunded' } })
  for (const path of [`${paid}/hold`, `${paid}/confirm`, `${paid}/complete`, `${cancelled}/hold`]) {
    expect((await t.call('POST', `/api/orders/${path}`, { body })).status).toBe(200)
  }
  // Without a body, and with a trace.
  const headers = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
  expect((await t.call('POST', `/api/orders/${cancelled}/cancel`, { headers })).status).toBe(200)
  const nowMs = Date.now()
  const limits = { unpaidSinceMs: nowMs + 60_000, ordersMax: 10, nowMs, onChanged: t.app.cache.forget }
  expect(await expireUnpaid(t.pool, limits)).toBe(1)
  expect((await t.call('POST', `/api/orders/${unpaid}/expire`)).status).toBe(404)
  await place(() => ({}))
  const corrected = await place(() => ({}))
  expect((await t.call('POST', `/api/orders/${corrected}/delivery`, { body: { ...body, city: 'Bonn' } })).status).toBe(
    200,
  )
  await place(() => ({ customer_id: 'erased' }))
  expect((await t.call('POST', '/api/customers/erased/erase', { body })).status).toBe(200)
  const waits = await place(({ payment }) => ({ payment: { ...payment, payment_dt: 0 } }))
  await changePaidOf(t.pool, { [waits]: { paymentStatus: 'paid', confirm: true } })
}

/** Compiles a schema the way others do: strictly, so that no keyword may stand in it that their validators do not know. */
function compile(schema: object, others: readonly object[] = []): ValidateFunction {
  const validator = new Ajv2020({ strict: true, allErrors: true, schemas: [...others] })
  addFormats(validator)
  return validator.compile(schema)
}

function expectValid(isValid: ValidateFunction, value: unknown): void {
  isValid(value)
  expect(isValid.errors ?? []).toEqual([])
}

/** A schema that allows only what it names: it finds fields that nobody has described. */
function closed(schema: Schema): Schema {
  const { properties, items } = schema
  return {
    ...schema,
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, closed(field)])),
          additionalProperties: false,
        }),
  }
}

test('running every command makes an event of every documented type, and no other', () => {
  expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(types.toSorted())
})

const eventsOf = (type: string) => events.filter(event => event.type === type)

describe('the schema of', () => {
  test.each(types)('%s matches its example and its events, and names all of their fields', type => {
    const schema = schemaOf(type)
    expect([typeof schema.title, typeof schema.description]).toEqual(['string', 'string'])
    const [isValid, isNamed] = [compile(schema), compile(closed(schema))]
    const values = [...(schema.examples as unknown[]), ...eventsOf(type).map(({ data }) => JSON.parse(data))]
    expect(values.length).toBeGreaterThan(1)
    for (const value of values) {
      expectValid(isValid, value)
      expectValid(isNamed, value)
    }
  })

  test('an event matches the response of the read API', async () => {
    const isEvent = compile(schemaOf('event'), types.map(schemaOf))
    const shown: Json[] = JSON.parse(await (await t.call('GET', '/api/events?limit=1000')).text())
    expect(shown).toHaveLength(events.length)
    for (const event of shown) {
      expectValid(isEvent, event)
      for (const wrong of [{ sequence: 0 }, { type: 'order.lost' }, { data: {} }]) {
        expect(isEvent({ ...event, ...wrong })).toBe(false)
      }
    }
  })
})

describe('the message of', () => {
  const asyncApi = JSON.parse(readFileSync(join(documentsFolder, 'asyncapi.json'), 'utf8'))
  const messages: Record<string, { headers: Schema; payload: Json }> = asyncApi.components.messages

  const headersOf = ({ headers }: OutgoingMessage) =>
    Object.fromEntries((headers ?? []).map(([name, value]) => [String(name), String(value)]))

  test.each(types)('%s has the documented headers when it is published, and no other', type => {
    const haveNames = compile(closed(messages[cloudEventType(type)]?.headers ?? {}))
    const isValid = compile(schemaOf(type))
    for (const event of eventsOf(type)) {
      const message = toCloudEvent(event)
      expect(headersOf(message).ce_subject).toBe(event.streamId)
      expect(String(message.key)).toBe(event.orderUid ?? event.streamId)
      expectValid(haveNames, headersOf(message))
      expectValid(isValid, JSON.parse(String(message.value)))
    }
  })

  test('an event that is too large has a schema of its own, which the event itself does not match', () => {
    const described = messages['event-without-data']
    const haveNames = compile(closed(described?.headers ?? {}))
    const isReduced = compile(described?.payload ?? {})
    for (const event of events) {
      const message = toCloudEventWithoutData(event, '/api/orders/one')
      const value = JSON.parse(String(message.value))
      expectValid(haveNames, headersOf(message))
      expectValid(isReduced, value)
      expect(compile(schemaOf(event.type))(value)).toBe(false)
    }
  })
})
