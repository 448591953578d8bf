import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { countInDatabase, expectConsistent } from './invariants.ts'
import { eventually, kafkaAvailability, testBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { expectEvents, headerOf, makeTopics, type Read, readTopic } from './topics.ts'

setDefaultTimeout(300_000)
afterEach(() => endServices())

/** Each instance is frozen once; more rounds on request. */
const rounds = Number(process.env.ORDERS_FREEZE_ROUNDS || 2)
const replacedWithinMs = 25_000
const commands = ['hold', 'confirm', 'complete'] as const

describe.skipIf(kafkaAvailability() !== null)('a frozen leader', () => {
  test('is replaced within seconds, and publishes nothing out of order when it wakes', async () => {
    const topics = await makeTopics(await testBroker())
    const { address } = await createMigratedDatabase()
    const env = { ...topics.env, ...databaseEnv(address) }
    const services = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
    const sent = new Map<string, string>()
    for (let round = 0; round < rounds; round += 1) {
      const leader = await leaderOf(services)
      const other = services.find(service => service !== leader) as ServiceProcess
      const load = keepLoading(other.url, `round-${round}`, sent)
      await eventually('events are under way', async () => (await unpublished(address)) > 0)
      leader.kill('SIGSTOP')
      const frozenAtMs = Date.now()
      await eventually('the other one leads', () => ledSince(other) > frozenAtMs, replacedWithinMs)
      await load.end()
      await eventually('it publishes everything', async () => (await unpublished(address)) === 0, 60_000)
      const interrupted = countOf(leader, interruption)
      leader.kill('SIGCONT')
      await eventually('the frozen one knows', () => countOf(leader, interruption) > interrupted)
      await eventually('it serves again', async () => (await fetch(`${leader.url}/readyz`)).ok)
    }
    await eventually('everything is published', async () => (await unpublished(address)) === 0, 60_000)
    const read = await readTopic(topics.brokers, topics.events)
    expectEvents(read, sent)
    expect(outOfOrder(read).slice(0, 5)).toEqual([])
    await expectConsistent(address)
  })
})

const leading = 'this instance publishes the event log to Kafka'
const interruption = 'interrupted: the instance that publishes the event log to Kafka'

const linesOf = (service: ServiceProcess, text: string) =>
  service
    .output()
    .split('\n')
    .filter(line => line.includes(text))

const countOf = (service: ServiceProcess, text: string) => linesOf(service, text).length

/** When a service began to lead last, in milliseconds since 1970; 0 when it never did. */
function ledSince(service: ServiceProcess): number {
  const line = linesOf(service, leading).at(-1)
  return line === undefined ? 0 : Number(new Date(JSON.parse(line).time))
}

async function leaderOf(services: readonly ServiceProcess[]): Promise<ServiceProcess> {
  await eventually('somebody leads', () => services.some(service => ledSince(service) > 0))
  return services.toSorted((one, another) => ledSince(another) - ledSince(one))[0] as ServiceProcess
}

/** Places orders and gives each its commands, until it is ended. */
function keepLoading(url: string, prefix: string, sent: Map<string, string>) {
  let isOver = false
  let count = 0
  async function live() {
    while (!isOver) {
      const [order] = makeOrders(1, `${prefix}-${count++}`)
      if (order === undefined) return
      const body = JSON.stringify(order)
      expect((await post(url, body))?.status).toBe(201)
      sent.set(order.order_uid, body)
      for (const command of commands) {
        const response = await fetch(`${url}/api/orders/${order.order_uid}/${command}`, { method: 'POST' })
        expect(response.status).toBe(200)
      }
    }
  }
  const lives = Promise.all(Array.from({ length: 4 }, live))
  return {
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
