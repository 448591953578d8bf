import { afterAll, beforeAll, expect, test } from 'bun:test'
import { logStart } from '../src/events/checkpoint.ts'
import { toCloudEvent } from '../src/events/cloud-event.ts'
import { readLog } from '../src/events/log.ts'
import { createTestApp, eventLogOf, type TestApp } from './app.ts'
import { makeOrders } from './orders.ts'
import { consumerOfCommands, consumerOfOrders } from './topic-consumers.ts'

/** A trace of its own, by number. */
const traceOf = (number: number) => `00-${String(number).padStart(32, '0')}-00f067aa0ba902b7-01`

let service: TestApp
beforeAll(async () => {
  service = await createTestApp()
})
afterAll(() => service.close())

async function eventsOf(orderUid: string) {
  const { events } = await readLog(eventLogOf(service.pool), logStart, 1000)
  return events.filter(event => event.orderUid === orderUid)
}

const tracesOf = async (orderUid: string) =>
  (await eventsOf(orderUid)).map(({ type, traceparent }) => [type, traceparent])

function messageOf(value: unknown, traceparent?: string) {
  const headers = traceparent === undefined ? [] : [[Buffer.from('traceparent'), Buffer.from(traceparent)] as const]
  const bytes = Buffer.from(JSON.stringify(value))
  return { topic: 'orders', partition: 0, offset: 0n, key: null, value: bytes, headers, timestampMs: Date.now() }
}

test('an event has the trace of its request, and an invalid trace counts as none', async () => {
  const [order, untraced, wrong] = makeOrders(3, 'http')
  await service.call('POST', '/api/orders', { body: order, headers: { traceparent: traceOf(1) } })
  const hold = { headers: { traceparent: traceOf(2) } }
  expect((await service.call('POST', '/api/orders/http-0/hold', hold)).status).toBe(200)
  expect((await service.call('POST', '/api/orders/http-0/confirm')).status).toBe(200)
  expect(await tracesOf('http-0')).toEqual([
    ['order.placed', traceOf(1)],
    ['order.on_hold', traceOf(2)],
    ['order.confirmed', null],
  ])
  await service.call('POST', '/api/orders', { body: untraced })
  const answer = await service.call('POST', '/api/orders', { body: wrong, headers: { traceparent: '00-abc-def-01' } })
  expect(answer.status).toBe(201)
  expect(await tracesOf('http-1')).toEqual([['order.placed', null]])
  expect(await tracesOf('http-2')).toEqual([['order.placed', null]])
})

test('every line of a batch, and a test order, have the trace of their request', async () => {
  const lines = makeOrders(3, 'batch').map(order => JSON.stringify(order))
  const headers = { 'content-type': 'application/x-ndjson', traceparent: traceOf(3) }
  await (await service.call('POST', '/api/orders/batch', { body: lines.join('\n'), headers })).text()
  for (let index = 0; index < 3; index += 1) {
    expect(await tracesOf(`batch-${index}`)).toEqual([['order.placed', traceOf(3)]])
  }
  const made = await service.call('POST', '/api/orders/test', { headers: { traceparent: traceOf(4) } })
  const { order_uid: orderUid } = (await made.json()) as { order_uid: string }
  expect(await tracesOf(orderUid)).toEqual([['order.placed', traceOf(4)]])
})

test('an event has the trace of its Kafka message', async () => {
  const { app, pool } = service
  const consumeOrders = consumerOfOrders({ intake: app.intake, pool })
  const [traced, untraced] = makeOrders(2, 'kafka')
  await consumeOrders([messageOf(traced, traceOf(5)), messageOf(untraced)])
  const command = { command_id: 'c1', order_uid: 'kafka-0', command: 'complete' }
  await consumerOfCommands({ carryOut: app.carryOut, pool })([messageOf(command, traceOf(6))])
  expect(await tracesOf('kafka-0')).toEqual([
    ['order.placed', traceOf(5)],
    ['order.completed', traceOf(6)],
  ])
  expect(await tracesOf('kafka-1')).toEqual([['order.placed', null]])
})

test('an event is published with its trace as a header, and its JSON over HTTP has none', async () => {
  const [order] = makeOrders(1, 'published')
  await service.call('POST', '/api/orders', { body: order, headers: { traceparent: traceOf(7) } })
  await service.call('POST', '/api/orders/published-0/complete')
  const published = (await eventsOf('published-0')).map(event =>
    Object.fromEntries(toCloudEvent(event).headers?.map(([name, value]) => [String(name), String(value)]) ?? []),
  )
  expect(published).toMatchObject([{ ce_sequence: '1', traceparent: traceOf(7) }, { ce_sequence: '2' }])
  expect(published[1]).not.toHaveProperty('traceparent')
  const answer = await service.call('GET', '/api/orders/published-0/events')
  expect(await answer.text()).not.toContain('traceparent')
})
