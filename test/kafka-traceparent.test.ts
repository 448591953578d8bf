import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { eventually, kafkaAvailability, testBroker } from './kafka.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { makeTopics, readTopic } from './topics.ts'

setDefaultTimeout(120_000)
afterEach(() => endServices())

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe.skipIf(kafkaAvailability() !== null)('a trace', () => {
  test('is passed all the way: request, topic of orders, event log, topic of events', async () => {
    const topics = await makeTopics(await testBroker())
    const { address } = await createMigratedDatabase()
    const { url } = await startServiceProcess({ env: { ...topics.env, ...databaseEnv(address) } })
    const request = { method: 'POST', headers: { traceparent } }
    const answer = await fetch(`${url}/api/orders/test`, request)
    const { order_uid: orderUid, sent_by: sentBy } = (await answer.json()) as { order_uid: string; sent_by: string }
    expect([answer.status, sentBy]).toEqual([202, 'kafka'])
    await eventually('the order has arrived', async () => (await fetch(`${url}/api/orders/${orderUid}`)).ok, 30_000)
    expect((await fetch(`${url}/api/orders/${orderUid}/hold`, request)).status).toBe(200)
    expect((await fetch(`${url}/api/orders/${orderUid}/confirm`, { method: 'POST' })).status).toBe(200)
    const tracesIn = async (topic: string) => {
      const read = await readTopic(topics.brokers, topic)
      return read.map(({ message }) => message.headers?.traceparent?.toString())
    }
    const published = async () => /^relay_published_total 3$/m.test(await (await fetch(`${url}/metrics`)).text())
    await eventually('the events are published', published, 30_000)
    expect(await tracesIn(topics.orders)).toEqual([traceparent])
    expect(await tracesIn(topics.events)).toEqual([traceparent, traceparent, undefined])
  })
})
