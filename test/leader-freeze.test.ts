import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { countInDatabase, expectConsistent } from './invariants.ts'
import { eventually, kafkaAvailability, testBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { startReceiver } from './receiver.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { expectEvents, headerOf, makeTopics, type Read, readTopic } from './topics.ts'

/** A leader that is frozen (SIGSTOP), replaced and wakes. The tests run side by side: each waits for the database to end a session. */

setDefaultTimeout(300_000)
afterAll(() => endServices())

/** Each instance is frozen once; more rounds on request. */
const rounds = Number(process.env.ORDERS_FREEZE_ROUNDS || 2)
const replacedWithinMs = 25_000
const commands = ['hold', 'confirm', 'complete'] as const

describe('a frozen leader', () => {
  test
    .skipIf(kafkaAvailability() !== null)
    .concurrent(
      'that publishes to Kafka is replaced within seconds, and publishes nothing out of order when it wakes',
      async () => {
        const topics = await makeTopics(await testBroker())
        const { address } = await createMigratedDatabase()
        const env = { ...topics.env, ...databaseEnv(address) }
        const services = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
        const does = 'publishes the event log to Kafka'
        const sent = new Map<string, string>()
        for (let round = 0; round < rounds; round += 1) {
          const { leader, other } = await leaderOf(services, does)
          const load = keepLoading(other.url, `round-${round}`, sent)
          await eventually('events are under way', async () => (await unpublished(address)) > 0)
          leader.kill('SIGSTOP')
          const frozenAtMs = Date.now()
          await eventually('the other one leads', () => ledSince(other, does) > frozenAtMs, replacedWithinMs)
          await load.end()
          await eventually('it publishes everything', async () => (await unpublished(address)) === 0, 60_000)
          await wake(leader, does)
        }
        await eventually('everything is published', async () => (await unpublished(address)) === 0, 60_000)
        const read = await readTopic(topics.brokers, topics.events)
        expectEvents(read, sent)
        expect(outOfOrder(read).slice(0, 5)).toEqual([])
        await expectConsistent(address)
      },
    )

  test.concurrent('that delivers webhooks sends nothing when it wakes: the receiver gets the events of each order in sequence', async () => {
    const receiver = await startReceiver((_, response) => {
      setTimeout(() => response.writeHead(200).end(), 30)
      return undefined
    })
    const { address } = await createMigratedDatabase()
    const env = { ...databaseEnv(address), WEBHOOKS_ALLOW_PRIVATE: 'true' }
    const services = [await startServiceProcess({ env }), await startServiceProcess({ env })]
    const does = 'delivers webhooks'
    const headers = { 'content-type': 'application/json' }
    const hook = { method: 'POST', headers, body: JSON.stringify({ url: receiver.url }) }
    expect((await fetch(`${services[0]?.url}/api/webhooks`, hook)).status).toBe(201)
    const uids: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      const { leader, other } = await leaderOf(services, does)
      const before = receiver.received.length
      let frozenAtMs = Number.POSITIVE_INFINITY
      for (const order of makeOrders(60, `frozen-${round}`)) {
        await place(other.url, order)
        uids.push(order.order_uid)
        if (uids.length % 60 === 30) {
          await eventually('deliveries are under way', () => receiver.received.length > before)
          leader.kill('SIGSTOP')
          frozenAtMs = Date.now()
        }
      }
      await eventually('the other one delivers', () => ledSince(other, does) > frozenAtMs, replacedWithinMs)
      await eventually('all came', () => uids.every(uid => new Set(receiver.sequencesOf(uid)).size === 4), 60_000)
      await wake(leader, does)
    }
    for (const uid of uids) {
      const sequences = receiver.sequencesOf(uid)
      // Repeated events keep their order, so that a stale event is never the last one of an order.
      expect({ uid, jumps: sequences.filter((sequence, index) => sequence > (sequences[index - 1] ?? 0) + 1) }).toEqual(
        { uid, jumps: [] },
      )
      expect({ uid, last: sequences.at(-1) }).toEqual({ uid, last: 4 })
    }
    // Each leader sends an event once.
    const times = Map.groupBy(receiver.received, ({ event }) => event.id)
    expect(Math.max(...[...times.values()].map(({ length }) => length))).toBeLessThanOrEqual(1 + rounds)
    await receiver.close()
  })
})

const linesOf = (service: ServiceProcess, text: string) =>
  service
    .output()
    .split('\n')
    .filter(line => line.includes(text))

/** When a service began to lead last, in milliseconds since 1970; 0 when it never did. */
function ledSince(service: ServiceProcess, does: string): number {
  const line = linesOf(service, `this instance ${does}`).at(-1)
  return line === undefined ? 0 : Number(new Date(JSON.parse(line).time))
}

/** Of two services the one that leads, once one does. */
async function leaderOf(services: readonly ServiceProcess[], does: string) {
  await eventually('somebody leads', () => services.some(service => ledSince(service, does) > 0))
  const [leader, other] = services.toSorted((one, another) => ledSince(another, does) - ledSince(one, does))
  if (leader === undefined || other === undefined) throw new Error('two services are needed')
  return { leader, other }
}

/** Lets a frozen service go on, and waits until it knows that it no longer leads, and serves. */
async function wake(service: ServiceProcess, does: string): Promise<void> {
  const interruption = `interrupted: the instance that ${does}`
  const interrupted = linesOf(service, interruption).length
  service.kill('SIGCONT')
  await eventually('the frozen one knows', () => linesOf(service, interruption).length > interrupted)
  await eventually('it serves again', async () => (await fetch(`${service.url}/readyz`)).ok)
}

/** Places an order and gives it its commands. @returns what was sent */
async function place(url: string, order: ReturnType<typeof makeOrders>[number]): Promise<string> {
  const body = JSON.stringify(order)
  expect((await post(url, body))?.status).toBe(201)
  for (const command of commands) {
    const response = await fetch(`${url}/api/orders/${order.order_uid}/${command}`, { method: 'POST' })
    expect(response.status).toBe(200)
  }
  return body
}

/** Places orders and gives each its commands, until it is ended; as fast as it can until it is told to slacken. */
function keepLoading(url: string, prefix: string, sent: Map<string, string>) {
  let isOver = false
  let pauseMs = 0
  let count = 0
  async function live() {
    while (!isOver) {
      const [order] = makeOrders(1, `${prefix}-${count++}`)
      if (order === undefined) return
      sent.set(order.order_uid, await place(url, order))
      await sleep(pauseMs)
    }
  }
  const lives = Promise.all(Array.from({ length: 4 }, live))
  return {
    slacken() {
      pauseMs = 50
    },
    end() {
      isOver = true
      return lives
    },
  }
}

/** How many events the relay has not yet published, as far as it remembers. */
function unpublished(address: PostgresAddress): Promise<number> {
  return countInDatabase(
    address,
    `select count(*) from events e where not exists (
       select from log_readers r where r.name = 'kafka' and (e.xid, e.position) <= (r.xid, r.position))`,
  )
}

/** An order whose events go back must come forward again one by one, and end with its newest: so a stale one is none's last word. */
function outOfOrder(read: readonly Read[]): string[] {
  const sequences = Map.groupBy(read, ({ message }) => String(message.key))
  return [...sequences].flatMap(([uid, events]) => {
    const numbers = events.map(event => Number(headerOf(event, 'ce_sequence')))
    const isRight =
      numbers.every((number, index) => number <= (numbers[index - 1] ?? 0) + 1) &&
      numbers.at(-1) === Math.max(...numbers)
    return isRight ? [] : [`${uid}: ${numbers.join(' ')}`]
  })
}
