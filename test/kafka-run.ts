import type { PostgresAddress } from '../src/platform/postgres.ts'
import { expectDeadLetters, expectPublished, listDeadLetters } from './dead-letters.ts'
import { countInDatabase, expectConsistent, expectOrders } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeTraffic, type Traffic } from './orders.ts'
import { type ServiceProcess, startServiceProcess } from './service-process.ts'
import { expectEvents, makeTopics, readTopic, sendOrders, type Topics, untilConsumed } from './topics.ts'

/** How many messages go through each fault test: enough for one of each bad kind, of which every hundredth is one. */
export const runSize = Number(process.env.ORDERS_IN_FAULT_TESTS || 3_300)

/**
 * However slow the machine, this many milliseconds are enough for a run to go through after its last fault: the messages that a killed
 * process was at work on are tried one by one, each in some 10 ms on a busy machine.
 */
const deadlineMs = 30_000 + runSize * 20

/** A run of orders through Kafka into a database, with a service between them that may be replaced. */
export type KafkaRun = {
  service: ServiceProcess
  address: PostgresAddress
  topics: Topics
  traffic: Traffic
  env: Record<string, string>
}

/**
 * Starts a service between new topics and a database.
 *
 * @param database env: tells the service of it; address: reaches it
 */
export async function beginRun(
  brokers: readonly string[],
  prefix: string,
  database: { env: Readonly<Record<string, string>>; address: PostgresAddress },
): Promise<KafkaRun> {
  const topics = await makeTopics(brokers)
  const env = { ...topics.env, ...database.env }
  const service = await startServiceProcess({ env })
  return { service, address: database.address, topics, traffic: makeTraffic(runSize, prefix), env }
}

/** Sends the run's messages from one share of them to another: 0 is the first, 1 behind the last. */
export async function sendShare({ topics, traffic }: KafkaRun, from: number, to: number): Promise<void> {
  const { messages } = traffic
  await sendOrders(topics, messages.slice(Math.floor(from * messages.length), Math.floor(to * messages.length)))
}

/** Returns the number of stored orders. */
export function stored({ address }: KafkaRun): Promise<number> {
  return countInDatabase(address, 'select count(*) from orders')
}

/** Waits until more orders than that are stored: the service is in the middle of its work. */
export async function untilMoreThan(run: KafkaRun, orders: number): Promise<void> {
  await eventually(`more than ${orders} orders are stored`, async () => (await stored(run)) > orders, deadlineMs)
}

/** Waits until everything was processed, and checks all guarantees. */
export async function expectPromises(run: KafkaRun): Promise<void> {
  const { topics, traffic, address } = run
  const startedMs = Date.now()
  await untilConsumed(topics, deadlineMs)
  const consumedMs = Date.now() - startedMs
  await eventually('the log and the dead letters are published', () => isPublished(address), deadlineMs)
  const publishedMs = Date.now() - startedMs
  await expectOrders(run.service.url, traffic.orders, traffic.orders.keys())
  await expectConsistent(address)
  const deadLetters = await listDeadLetters(run.service.url)
  expectDeadLetters(deadLetters, await readTopic(topics.brokers, topics.orders))
  expectPublished(await readTopic(topics.brokers, topics.deadLetters), deadLetters)
  const repeated = expectEvents(await readTopic(topics.brokers, topics.events), traffic.orders)
  console.error(
    `  ${traffic.orders.size} orders, ${deadLetters.length} dead letters, ${repeated} events twice; after the last fault all ` +
      `was consumed within ${consumedMs} ms, published within ${publishedMs} ms`,
  )
}

async function isPublished(address: PostgresAddress): Promise<boolean> {
  const left = await countInDatabase(
    address,
    `select (select count(*) from dead_letters where announced_at is null)
          + (select count(*) from events e where not exists (
               select 1 from log_readers r where r.name = 'kafka' and (e.xid, e.position) <= (r.xid, r.position)))`,
  )
  return left === 0
}
