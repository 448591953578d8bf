import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { logStart } from '../src/events/checkpoint.ts'
import { readLog } from '../src/events/log.ts'
import { traceBatches } from '../src/platform/kafka/tracing.ts'
import { createLogger } from '../src/platform/log.ts'
import { startTracing, type Tracing } from '../src/platform/otlp-tracing.ts'
import { createTestApp, eventLogOf, type TestApp } from './app.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { type OtlpReceiver, startOtlpReceiver, traceparentOfSpan, tracingTo } from './otlp-receiver.ts'
import { consumerOfOrders } from './topic-consumers.ts'

const log = createLogger({ level: 'silent' })

/** A trace of its own, by number. */
const traceId = (number: number) => String(number).padStart(32, '0')
const callerSpan = '00f067aa0ba902b7'
const sampled = (number: number) => `00-${traceId(number)}-${callerSpan}-01`
const unsampled = (number: number) => `00-${traceId(number)}-${callerSpan}-00`

let collector: OtlpReceiver
let tracing: Tracing
let service: TestApp
beforeAll(async () => {
  collector = await startOtlpReceiver()
  const settings = tracingTo(collector.endpoint, {
    headers: { 'x-key': 'k1' },
    serviceName: 'orders-test',
    resourceAttributes: { 'deployment.environment.name': 'test' },
  })
  tracing = await startTracing(settings, '1.2.3', log)
  service = await createTestApp({ tracing })
})
afterAll(async () => {
  await service.close()
  await tracing.close(2_000)
  await collector.close()
})

/** The spans of a trace, once it has this number of them. */
async function spansOfTrace(number: number, count: number) {
  const found = () => collector.spans.filter(span => span.traceId === traceId(number))
  await eventually(`${count} spans of trace ${number} have arrived`, () => found().length >= count, 10_000)
  return found()
}

async function traceOfEvent(orderUid: string) {
  const { events } = await readLog(eventLogOf(service.pool), logStart, 1000)
  return events.find(event => event.orderUid === orderUid)?.traceparent
}

const place = (order: unknown, traceparent?: string) =>
  service.call('POST', '/api/orders', { body: order, headers: traceparent === undefined ? {} : { traceparent } })

describe('a request', () => {
  test('is one tree with its group, its transaction and its event', async () => {
    const [order] = makeOrders(1, 'tree')
    expect((await place(order, sampled(1))).status).toBe(201)
    const spans = await spansOfTrace(1, 5)
    const names = ['POST /api/orders', 'wait for commit', 'write orders', 'SELECT orders', 'COPY orders']
    expect(spans.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    const [request, wait, group, select, copy] = names.map(wanted => spans.find(({ name }) => name === wanted))
    if (!request || !wait || !group || !select || !copy) throw new Error('one of them is missing')
    expect(request).toMatchObject({ parentSpanId: callerSpan, kind: 2, status: 0, links: [] })
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/api/orders',
      'http.response.status_code': 201,
      'url.path': '/api/orders',
      'url.scheme': 'http',
    })
    expect(wait).toMatchObject({ parentSpanId: request.spanId, kind: 1 })
    expect(wait.links).toEqual([{ traceId: traceId(1), spanId: group.spanId }])
    expect(group).toMatchObject({ parentSpanId: request.spanId, attributes: { 'orders.group.size': 1 }, links: [] })
    expect(select).toMatchObject({ parentSpanId: group.spanId, kind: 3 })
    expect(copy).toMatchObject({ parentSpanId: group.spanId, kind: 3 })
    expect(copy.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.operation.name': 'COPY',
      'db.collection.name': 'orders',
    })
    expect(await traceOfEvent('tree-0')).toBe(traceparentOfSpan(request))
    expect(copy.startedAtMs).toBeGreaterThanOrEqual(group.startedAtMs)
    expect(request.resource).toMatchObject({
      'service.name': 'orders-test',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
    })
    expect(collector.headers['x-key']).toBe('k1')
  })

  test('without a trace starts one, and an invalid trace counts as none; a client error is not marked as a failure', async () => {
    const [order] = makeOrders(1, 'root')
    expect((await place(order, '00-abc-def-01')).status).toBe(201)
    const parent = await traceOfEvent('root-0')
    const isRoot = () => collector.spans.find(span => parent === traceparentOfSpan(span))
    await eventually('its span has arrived', () => isRoot() !== undefined, 10_000)
    expect(isRoot()?.parentSpanId).toBeUndefined()

    expect((await service.call('GET', '/api/orders/nowhere', { headers: { traceparent: sampled(2) } })).status).toBe(
      404,
    )
    const [missing] = await spansOfTrace(2, 1)
    expect(missing).toMatchObject({ name: 'GET /api/orders/:id', status: 0 })
    expect(missing?.attributes).toMatchObject({ 'url.path': '/api/orders/nowhere', 'http.response.status_code': 404 })
  })

  test('records no recipients, keys or queries', async () => {
    const headers = { traceparent: sampled(3), authorization: 'Bearer secret-of-the-caller' }
    await service.call('GET', '/api/orders?q=Testov', { headers })
    await service.call('GET', '/api/track/orders/token-of-a-link', { headers })
    await service.call('GET', '/api/carts?email=eve%40example.com', { headers })
    await place(makeOrders(1, 'private')[0], sampled(3))
    const told = JSON.stringify(await spansOfTrace(3, 7))
    const { delivery } = makeOrders(1, 'private')[0] as { delivery: Record<string, string> }
    for (const secret of ['Testov', 'example.com', 'secret-of-the-caller', 'token-of', ...Object.values(delivery)]) {
      expect(told).not.toContain(secret)
    }
  })

  test('that its caller does not want traced leaves no span, and passes that on', async () => {
    const before = collector.spans.length
    await place(makeOrders(1, 'unsampled')[0], unsampled(4))
    await place(makeOrders(1, 'after')[0], sampled(5))
    await spansOfTrace(5, 5)
    expect(collector.spans.slice(before).filter(span => span.traceId === traceId(4))).toEqual([])
    expect(await traceOfEvent('unsampled-0')).toMatch(new RegExp(`^00-${traceId(4)}-[0-9a-f]{16}-00$`))
  })

  test('probes and scrapes are not traced', async () => {
    await service.call('GET', '/livez', { headers: { traceparent: sampled(6) } })
    const metrics = await service.call('GET', '/metrics', { headers: { traceparent: sampled(6) } })
    expect(await metrics.text()).toMatch(/^tracing_spans_total\{outcome="exported"\} [1-9]/m)
    await place(makeOrders(1, 'probed')[0], sampled(7))
    await spansOfTrace(7, 5)
    expect(collector.spans.filter(span => span.traceId === traceId(6))).toEqual([])
  })
})

describe('a group', () => {
  test('is part of the first trace in it and has links to the others, and each request has one to the group', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => 100 + index)
    const orders = makeOrders(20, 'shared')
    await Promise.all(orders.map((order, index) => place(order, sampled(100 + index))))
    const waits = []
    for (const number of numbers) {
      const spans = await spansOfTrace(number, 2)
      waits.push(...spans.filter(({ name }) => name === 'wait for commit'))
    }
    expect(waits).toHaveLength(20)
    const groups = collector.named('write orders').filter(span => numbers.map(traceId).includes(span.traceId))
    const seen = groups.flatMap(group => [group.traceId, ...group.links.map(link => link.traceId)])
    expect(seen.toSorted()).toEqual(numbers.map(traceId))
    expect(groups.length).toBeLessThan(20)
    const ids = groups.map(group => group.spanId)
    expect(waits.every(wait => wait.links.length === 1 && ids.includes(wait.links[0]?.spanId ?? ''))).toBe(true)
  })

  test('has at most 128 links', async () => {
    const orders = makeOrders(300, 'many').map((order, index) => messageOf(order, sampled(1_000 + index)))
    const { app, pool } = service
    const consume = consumerOfOrders({ intake: app.intake, pool })
    await traceBatches(tracing.tracer, { topic: 'many', groupId: 'g' }, consume)(orders)
    const [batch] = await spansOfTrace(1_000, 3)
    expect(collector.named('process many')).toHaveLength(1)
    expect(collector.named('process many')[0]).toMatchObject({ kind: 5, parentSpanId: callerSpan })
    expect(collector.named('process many')[0]?.attributes).toMatchObject({
      'messaging.system': 'kafka',
      'messaging.destination.name': 'many',
      'messaging.batch.message_count': 300,
    })
    expect(collector.named('process many')[0]?.links).toHaveLength(128)
    expect(collector.spans.filter(span => span.links.length > 128)).toEqual([])
    expect(batch?.traceId).toBe(traceId(1_000))
    expect(await traceOfEvent('many-7')).toBe(sampled(1_007))
  })

  test('of messages without a trace has the trace of their batch', async () => {
    const { app, pool } = service
    const consume = consumerOfOrders({ intake: app.intake, pool })
    const [one, other] = makeOrders(2, 'bare')
    await traceBatches(tracing.tracer, { topic: 'bare', groupId: 'g' }, consume)([messageOf(one), messageOf(other)])
    await eventually('the batch has arrived', () => collector.named('process bare').length === 1, 10_000)
    const [batch] = collector.named('process bare')
    expect(batch).toMatchObject({ links: [] })
    expect(batch?.parentSpanId).toBeUndefined()
    const parent = batch === undefined ? '' : traceparentOfSpan(batch)
    expect([await traceOfEvent('bare-0'), await traceOfEvent('bare-1')]).toEqual([parent, parent])
    const group = collector.named('write orders').find(span => span.traceId === batch?.traceId)
    expect(group).toMatchObject({ parentSpanId: batch?.spanId ?? '' })
  })
})

test('a request that fails on our side is marked', async () => {
  await service.app.intake.close(1_000)
  expect((await place(makeOrders(1, 'late')[0], sampled(8))).status).toBe(503)
  const [request] = await spansOfTrace(8, 1)
  expect(request).toMatchObject({ name: 'POST /api/orders', status: 2, attributes: { 'error.type': '503' } })
})

function messageOf(value: unknown, traceparent?: string) {
  const headers = traceparent === undefined ? [] : [[Buffer.from('traceparent'), Buffer.from(traceparent)] as const]
  const bytes = Buffer.from(JSON.stringify(value))
  return { topic: 'orders', partition: 0, offset: 0n, key: null, value: bytes, headers, timestampMs: Date.now() }
}
