import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Client } from 'pg'
import type { KafkaBroker } from '../scripts/kafka-broker/broker.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { countInDatabase, expectConsistent } from './invariants.ts'
import { brokerControlAvailability, eventually, startTestBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { expectEvents, makeTopics, type Read, readTopic, type Topics } from './topics.ts'

setDefaultTimeout(120_000)

const commands = ['hold', 'confirm', 'complete'] as const
const eventsOfOrder = 1 + commands.length

/** What the faults of the way out of the log may do: repeat events. They lose none, and turn none round. */
describe.skipIf(brokerControlAvailability() !== null)('events on their way to Kafka', () => {
  let broker: KafkaBroker

  beforeAll(async () => {
    broker = await startTestBroker()
  })
  afterEach(() => endServices())
  afterAll(() => broker?.stop())

  async function beginRun() {
    const { address } = await createMigratedDatabase()
    const topics = await makeTopics([broker.brokers])
    const env = { ...topics.env, ...databaseEnv(address) }
    return { address, topics, env, sent: new Map<string, string>() }
  }

  /** Places orders and gives each its commands. */
  async function live(url: string, sent: Map<string, string>, count: number, prefix: string): Promise<void> {
    await Promise.all(
      makeOrders(count, prefix).map(async order => {
        const body = JSON.stringify(order)
        expect((await post(url, body))?.status).toBe(201)
        sent.set(order.order_uid, body)
        for (const command of commands) {
          const response = await fetch(`${url}/api/orders/${order.order_uid}/${command}`, { method: 'POST' })
          expect(response.status).toBe(200)
        }
      }),
    )
  }

  test('the service is killed between publishing and saving its checkpoint: everything is published again, in order', async () => {
    const { address, topics, env, sent } = await beginRun()
    const service = await startServiceProcess({ env })
    await live(service.url, sent, 1, 'first')
    await eventually('the relay has come to the end', () => isPublished(address))
    const release = await holdPlace(address)
    await live(service.url, sent, 100, 'held')
    // The broker has them, and nobody remembers it.
    await eventually('events are sent', async () => (await readEvents(topics)).length > eventsOfOrder)
    const before = await readEvents(topics)
    service.kill('SIGKILL')
    await service.exited
    await release()
    expect(await isPublished(address)).toBe(false)
    await startServiceProcess({ env })
    await eventually('the relay has come to the end again', () => isPublished(address))
    const read = await readEvents(topics)
    expect(expectEvents(read, sent)).toBeGreaterThanOrEqual(before.length - eventsOfOrder)
    expect(idsOf(read).size).toBe(101 * eventsOfOrder)
    await expectConsistent(address)
  })

  test('the broker is killed and down for a while: orders go on, and their events are published once it is back', async () => {
    const { address, topics, env, sent } = await beginRun()
    const service = await startServiceProcess({ env })
    await live(service.url, sent, 20, 'before')
    await broker.kill()
    await live(service.url, sent, 100, 'without')
    const lag = /^relay_lag_seconds (\S+)$/m
    await eventually('the lag shows', async () => {
      return Number(lag.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1]) > 2
    })
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
    await broker.restart()
    await live(service.url, sent, 20, 'after')
    await eventually('the relay has come to the end', () => isPublished(address), 60_000)
    const read = await readEvents(topics)
    expectEvents(read, sent)
    expect(idsOf(read).size).toBe(140 * eventsOfOrder)
    await expectConsistent(address)
  })
})

const readEvents = (topics: Topics) => readTopic(topics.brokers, topics.events)

const idsOf = (read: readonly Read[]) => new Set(read.map(({ message }) => String(message.headers?.ce_id)))

/** Whether the relay remembers that it has sent everything. */
async function isPublished(address: PostgresAddress): Promise<boolean> {
  const left = await countInDatabase(
    address,
    `select count(*) from events e where not exists (
       select from log_readers r where r.name = 'kafka' and (e.xid, e.position) <= (r.xid, r.position))`,
  )
  return left === 0
}

/**
 * Keeps the relay from remembering its place until the function that it returns is called. What waits for it then never
 * comes about: the database would still do it for a client that is gone.
 */
async function holdPlace({ password, ...address }: PostgresAddress): Promise<() => Promise<void>> {
  const client = new Client({ ...address, password: password ?? '' })
  await client.connect()
  await client.query('begin')
  // A lock on its row would take a transaction id, and the log is not read past one that is still open.
  await client.query('lock table log_readers in share mode')
  return async () => {
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))',
    )
    await client.query('rollback')
    await client.end()
  }
}
