import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, KafkaJSProtocolError, logLevel, type Message, Partitioners } from 'kafkajs'
import {
  type GuardedListener,
  type KafkaBroker,
  kafkaBrokerAvailability,
  startKafkaBroker,
} from '../scripts/kafka-broker/broker.ts'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import type { KafkaMessage } from '../src/platform/kafka/client.ts'
import { type ConsumeOptions, type ConsumerState, consume } from '../src/platform/kafka/consumer.ts'
import { createLogger } from '../src/platform/log.ts'

/** A logger for what is under test: silent unless LOG_LEVEL asks for more. */
export const testLog = createLogger({ level: process.env.LOG_LEVEL ?? 'silent' })

let reason: string | null | undefined
let shared: Promise<KafkaBroker> | undefined

/**
 * Whether tests have a Kafka broker, for `test.skipIf(kafkaAvailability() !== null)`. Where they have none it says so
 * on standard error, once.
 *
 * @returns null if so, otherwise why not
 */
export function kafkaAvailability(): string | null {
  if (process.env.KAFKA_BROKERS) return null
  return brokerControlAvailability()
}

/** The same for tests that pause and kill a broker: they need their own, so KAFKA_BROKERS is not enough. */
export function brokerControlAvailability(): string | null {
  if (reason === undefined) {
    reason = kafkaBrokerAvailability()
    if (reason) console.error(`SKIPPED: the tests with a Kafka broker of their own. ${reason}`)
  }
  return reason
}

/**
 * The broker of this test process: that of KAFKA_BROKERS, otherwise one that is started by the first call and ends
 * with the process.
 *
 * @returns its addresses
 */
export async function testBroker(): Promise<string[]> {
  const configured = process.env.KAFKA_BROKERS
  return configured ? configured.split(',') : [(await sharedBroker()).brokers]
}

/** The broker of this test process, never that of KAFKA_BROKERS: for tests that pause it for a while. */
export function sharedBroker(): Promise<KafkaBroker> {
  shared ??= startTestBroker()
  return shared
}

/**
 * Starts a broker that belongs to one test file, which may pause, kill and wipe it; removed with the process.
 *
 * @param guarded a second way in, where that is tested
 */
export async function startTestBroker(guarded?: GuardedListener): Promise<KafkaBroker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'orders-kafka-'))
  // Bun ends every child of a test that runs out of time, the guard of the broker among them.
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  const options = { dataDir, temporary: true, shortLived: true, ...(guarded && { guarded }) }
  return startKafkaBroker({ ...options, log: line => console.error(line) })
}

/** Names for the topics of a service of its own, as its variables. */
export function uniqueTopics() {
  return {
    KAFKA_TOPIC: uniqueName('orders'),
    KAFKA_COMMANDS_TOPIC: uniqueName('commands'),
    KAFKA_STOCK_TOPIC: uniqueName('stock'),
    KAFKA_TRACKING_TOPIC: uniqueName('tracking'),
    KAFKA_EVENTS_TOPIC: uniqueName('events'),
    KAFKA_DLQ_TOPIC: uniqueName('letters'),
  }
}

/** A name nobody else uses, for a topic or a group. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}

/** Another client than the one under test: kafkajs. */
export function otherClient(brokers: readonly string[]): Kafka {
  const retry = { retries: 5, initialRetryTime: 100 }
  return new Kafka({ clientId: 'test', brokers: [...brokers], logLevel: logLevel.NOTHING, retry })
}

/**
 * Sends messages with the other client.
 *
 * @param options partitions: creates the topic first, with this number
 */
export async function produce(
  brokers: readonly string[],
  topic: string,
  messages: Message[],
  options: { partitions?: number } = {},
): Promise<void> {
  const client = otherClient(brokers)
  if (options.partitions) await ensureTopics({ brokers }, [{ name: topic, partitions: options.partitions }], 10_000)
  if (messages.length === 0) return
  const producer = client.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  })
  await producer.connect()
  for (let i = 0; i < messages.length; i += 2000) await producer.send({ topic, messages: messages.slice(i, i + 2000) })
  await producer.disconnect()
}

/** A new topic, and a group that reads it. */
export async function newTopic(
  partitions = 1,
  messages: Message[] = [],
): Promise<{ brokers: string[]; topic: string; groupId: string }> {
  const brokers = await testBroker()
  const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
  await produce(brokers, topic, messages, { partitions })
  return { brokers, topic, groupId }
}

/** Work in `handle` that a test releases when it wants to. */
export function gate(): { wait: () => Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { wait: () => promise, open: resolve }
}

/**
 * The committed offset of each partition of a group, as the broker keeps it; '-1' where there is none. Waits while the coordinator
 * loads the group, which this client's own retries leave out.
 */
export async function committedOffsets(brokers: readonly string[], groupId: string, topic: string): Promise<string[]> {
  const admin = otherClient(brokers).admin()
  await admin.connect()
  let offsets: string[] = []
  await eventually('the coordinator knows the group', async () => {
    try {
      const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
      offsets = (answer?.partitions ?? []).toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)
      return true
    } catch (error) {
      if (error instanceof KafkaJSProtocolError && error.retriable) return false
      throw error
    }
  })
  await admin.disconnect()
  return offsets
}

/** Waits for a named condition, and fails with its name. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It did not come true within ${deadlineMs} ms: ${what}`)
    await sleep(20)
  }
}

/**
 * Waits for a named condition as `eventually` does.
 *
 * @returns when it was last asked for and did not hold, in milliseconds from now. A busy machine may take longer to answer, so this
 *   is what a promise of a time is judged by
 */
export async function lastOutdatedMs(what: string, condition: () => Promise<boolean>): Promise<number> {
  const sinceMs = performance.now()
  let lastMs = 0
  await eventually(what, async () => {
    const askedMs = performance.now() - sinceMs
    const holds = await condition()
    if (!holds) lastMs = askedMs
    return holds
  })
  return lastMs
}

export type TestConsumer = {
  readonly received: KafkaMessage[]
  readonly states: ConsumerState[]
  lag: ReadonlyMap<number, number>
  /** The values received, as text; repeated ones are repeated. */
  values(): string[]
  stop(): Promise<void>
}

/** Starts the consumer under test; without `handle` it only records messages. */
export function startConsumer(
  options: Pick<ConsumeOptions, 'brokers' | 'groupId' | 'topic'> & Partial<ConsumeOptions>,
): TestConsumer {
  const stopping = new AbortController()
  const consumer: Omit<TestConsumer, 'stop'> = {
    received: [],
    states: [],
    lag: new Map(),
    values: () => consumer.received.map(({ value }) => String(value)),
  }
  const running = consume(
    {
      clientId: 'under-test',
      log: testLog,
      onState: state => consumer.states.push(state),
      onLag: lag => {
        consumer.lag = lag
      },
      ...options,
      async handle(batch) {
        await options.handle?.(batch)
        consumer.received.push(...batch)
      },
    },
    stopping.signal,
  )
  return Object.assign(consumer, {
    stop: () => {
      stopping.abort()
      return running
    },
  })
}

/** A consumer of a new topic with messages, whose handler holds the first batch until it is told to go on. */
export async function startHeldConsumer(messages: Message[]) {
  const { brokers, topic, groupId } = await newTopic(1, messages)
  const work = gate()
  let batches = 0
  const handle = () => {
    batches += 1
    return work.wait()
  }
  const consumer = startConsumer({ brokers, topic, groupId, handle })
  await eventually('the batch is in handle', () => batches > 0)
  return { brokers, topic, groupId, consumer, goOn: work.open }
}
