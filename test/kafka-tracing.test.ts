import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { eventually, kafkaAvailability, testBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { type ReceivedSpan, startOtlpReceiver, traceparentOfSpan } from './otlp-receiver.ts'
import { startReceiver } from './receiver.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { headerOf, makeTopics, readTopic } from './topics.ts'

setDefaultTimeout(120_000)
afterEach(() => endServices())

const callerSpan = '00f067aa0ba902b7'
const sampled = (trace: string) => `00-${trace}-${callerSpan}-01`
const http = '4bf92f3577b34da6a3ce929d0e0e4736'
const kafka = 'a3ce929d0e0e47364bf92f3577b34da6'

describe.skipIf(kafkaAvailability() !== null)('a trace at a collector', () => {
  test('leads from a request to the commit, the topic of events and a webhook, and all spans are sent before the stop', async () => {
    const collector = await startOtlpReceiver()
    const hook = await startReceiver()
    const topics = await makeTopics(await testBroker())
    const { address } = await createMigratedDatabase()
    const env = { ...topics.env, ...databaseEnv(address), OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
    const service = await startServiceProcess({ env: { ...env, WEBHOOKS_ALLOW_PRIVATE: 'true' } })
    const post = async (path: string, body: unknown, trace?: string) => {
      const headers = { 'content-type': 'application/json', ...(trace && { traceparent: sampled(trace) }) }
      const answer = await fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      expect(answer.ok).toBe(true)
    }
    await post('/api/webhooks', { url: hook.url })
    await post('/api/orders', makeOrders(1, 'traced')[0], http)
    await post('/api/orders/test', {}, kafka)
    await eventually('both were delivered', () => hook.received.length === 2, 30_000)
    const published = async () =>
      /^relay_published_total 2$/m.test(await (await fetch(`${service.url}/metrics`)).text())
    await eventually('both are published', published, 30_000)
    service.kill('SIGTERM')
    expect((await service.exited).code).toBe(0)

    const spanIn = (trace: string, name: string): ReceivedSpan => {
      const found = collector.spans.filter(span => span.traceId === trace && span.name === name)
      const names = collector.spans.map(span => `${span.traceId.slice(0, 4)} ${span.name}`).join(', ')
      if (found[0] === undefined) throw new Error(`no span ${name} in ${trace.slice(0, 4)}; there are ${names}`)
      return found[0]
    }
    const events = await readTopic(topics.brokers, topics.events)
    const hooked = hook.received.map(({ headers }) => headers.traceparent)

    // By HTTP: the event's parent is the request's span, and what publishes it is below that.
    const request = spanIn(http, 'POST /api/orders')
    expect(request.parentSpanId).toBe(callerSpan)
    expect(spanIn(http, 'write orders').parentSpanId).toBe(request.spanId)
    expect(spanIn(http, 'COPY orders').parentSpanId).toBe(spanIn(http, 'write orders').spanId)
    expect(events.map(event => headerOf(event, 'traceparent'))).toContain(traceparentOfSpan(request))
    const sends = collector.named(`send ${topics.events}`)
    expect(sends.flatMap(span => [span.parentSpanId, ...span.links.map(link => link.spanId)])).toContain(request.spanId)
    expect(sends[0]).toMatchObject({ kind: 3, attributes: { 'messaging.system': 'kafka' } })
    const delivery = spanIn(http, 'POST')
    expect(delivery).toMatchObject({ parentSpanId: request.spanId, kind: 3 })
    expect(delivery.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'http.response.status_code': 200 })
    expect(JSON.stringify(delivery.attributes)).not.toContain('hidden')
    expect(hooked).toContain(traceparentOfSpan(delivery))

    // By Kafka: the request sends, the message has that span for its parent, and so has the event.
    const sent = spanIn(kafka, `send ${topics.orders}`)
    expect(sent).toMatchObject({ parentSpanId: spanIn(kafka, 'POST /api/orders/test').spanId, kind: 4 })
    const orders = await readTopic(topics.brokers, topics.orders)
    expect(orders.map(order => headerOf(order, 'traceparent'))).toEqual([traceparentOfSpan(sent)])
    expect(spanIn(kafka, `process ${topics.orders}`)).toMatchObject({ parentSpanId: sent.spanId, kind: 5 })
    expect(spanIn(kafka, 'write orders').parentSpanId).toBe(sent.spanId)
    expect(events.map(event => headerOf(event, 'traceparent'))).toContain(traceparentOfSpan(sent))
    expect(spanIn(kafka, 'POST').parentSpanId).toBe(sent.spanId)
    await Promise.all([collector.close(), hook.close()])
  })
})
