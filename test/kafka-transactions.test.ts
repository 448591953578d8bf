import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { CompressionTypes, type Message, type Producer, type Transaction } from 'kafkajs'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import type { Offsets } from '../src/platform/kafka/backlog.ts'
import { type KafkaMessage, loadKafka } from '../src/platform/kafka/client.ts'
import { TopicReader } from '../src/platform/kafka/reader.ts'
import { javaAvailability, readByJava } from './java-consumer.ts'
import {
  committedOffsets,
  eventually,
  kafkaAvailability,
  otherClient,
  produce,
  startConsumer,
  testBroker,
  uniqueName,
} from './kafka.ts'
import { repeatableRandom } from './orders.ts'
import { topicsDeadlineMs } from './topics.ts'

setDefaultTimeout(120_000)

const connected: Producer[] = []
afterAll(() => Promise.all(connected.map(producer => producer.disconnect())))

/** A producer with transactions; they time out long after the test. */
async function transactionalProducer(brokers: readonly string[]): Promise<Producer> {
  const producer = otherClient(brokers).producer({
    transactionalId: uniqueName('transactions'),
    transactionTimeout: 600_000,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  connected.push(producer)
  return producer
}

const messagesOf = (prefix: string, count: number, bytes = 10): Message[] =>
  Array.from({ length: count }, (_, index) => ({ key: `${prefix}-${index}`, value: 'x'.repeat(bytes) }))

describe.skipIf(kafkaAvailability() !== null)('Kafka transactions', () => {
  test('messages of aborted ones are skipped, and offsets and lag move past them', async () => {
    const brokers = await testBroker()
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    await produce(brokers, topic, [], { partitions: 1 })
    const producer = await transactionalProducer(brokers)
    async function transact(messages: Message[], end: 'commit' | 'abort') {
      const transaction = await producer.transaction()
      for (let first = 0; first < messages.length; first += 500)
        await transaction.send({ topic, messages: messages.slice(first, first + 500) })
      await transaction[end]()
    }
    // Two of one producer in one fetch; one that is longer than a fetch; one at the end.
    await transact(messagesOf('one', 1), 'abort')
    await transact(messagesOf('committed', 1), 'commit')
    await transact(messagesOf('two', 1), 'abort')
    await transact(messagesOf('long', 2000, 1000), 'abort')
    await transact(messagesOf('committed', 3), 'commit')
    await transact(messagesOf('last', 1), 'abort')
    const consumer = startConsumer({ brokers, topic, groupId })
    const end = String(1 + 1 + 1 + 2000 + 3 + 1 + 6)
    await eventually('all is committed', async () => (await committedOffsets(brokers, groupId, topic))[0] === end)
    await eventually('nothing waits', () => consumer.lag.get(0) === 0)
    const open = await producer.transaction()
    await open.send({ topic, messages: messagesOf('open', 5) })
    await produce(brokers, topic, messagesOf('behind', 2))
    await eventually('what waits for an open transaction shows', () => consumer.lag.get(0) === 7)
    await open.commit()
    await eventually('the rest came', () => consumer.received.length === 4 + 7)
    await consumer.stop()
    const keys = consumer.received.map(({ key }) => String(key))
    const rest = [...messagesOf('open', 5), ...messagesOf('behind', 2)]
    expect(keys).toEqual(['committed-0', ...[...messagesOf('committed', 3), ...rest].map(({ key }) => String(key))])
  })

  test('a group set to the end of a partition with an open transaction does not start at its beginning', async () => {
    const brokers = await testBroker()
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    await produce(brokers, topic, messagesOf('before', 3), { partitions: 1 })
    const open = await (await transactionalProducer(brokers)).transaction()
    await open.send({ topic, messages: messagesOf('open', 2) })
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '5' }] })
    await admin.disconnect()
    const consumer = startConsumer({ brokers, topic, groupId })
    await eventually('it consumes', () => consumer.states.includes('consuming'))
    await open.commit()
    await produce(brokers, topic, messagesOf('behind', 1))
    await eventually('the newest came', () => consumer.received.length > 0)
    await consumer.stop()
    expect(consumer.received.map(({ key }) => String(key))).toEqual(['behind-0'])
  })

  test.skipIf(javaAvailability() !== null)('random histories read as the Java client reads them', async () => {
    const brokers = await testBroker()
    const random = repeatableRandom(process.env.ORDERS_TEST_SEED ?? 'transactions')
    const upTo = (count: number) => Math.floor(random() * count)
    const prefix = uniqueName('history')
    const topics = [`${prefix}-sender`, `${prefix}-broker`]
    await makeHistoryTopics(brokers, topics)
    const visible = await writeHistories(brokers, topics, upTo)
    const java = await readByJava(brokers, `${prefix}-.*`, visible, 20_000)
    expect(java).toHaveLength(visible)
    for (const topic of topics) {
      const byJava = java.filter(({ key }) => key.startsWith(topic))
      for (const partitionBytesMax of [1_000, 30_000, 1_048_576]) {
        const ends = await stableEnds(brokers, topic)
        const from = new Map([...ends.keys()].map(partition => [partition, 0n]))
        const ours = await readByUs(brokers, topic, partitionBytesMax, from, ends)
        expect(comparable(ours)).toEqual(byPartition(byJava))
        // From anywhere: in the middle of a batch, of a transaction, behind one.
        for (let round = 0; round < 5; round++) {
          const start = new Map([...ends].map(([partition, end]) => [partition, BigInt(upTo(Number(end)))]))
          const wanted = byJava.filter(({ partition, offset }) => offset >= (start.get(partition) ?? 0n))
          expect(comparable(await readByUs(brokers, topic, partitionBytesMax, start, ends))).toEqual(
            byPartition(wanted),
          )
        }
      }
    }
  })
})

const partitions = 6

/** The second topic has the broker write the time of its messages. Those of the first are years old, and are kept all the same. */
async function makeHistoryTopics(brokers: string[], [bySender = '', byBroker = '']: string[]): Promise<void> {
  const admin = otherClient(brokers).admin()
  await admin.connect()
  const kept = { name: 'retention.ms', value: '-1' }
  const timed = { name: 'message.timestamp.type', value: 'LogAppendTime' }
  const topics = [
    { topic: bySender, numPartitions: partitions, configEntries: [kept] },
    { topic: byBroker, numPartitions: partitions, configEntries: [kept, timed] },
  ]
  // The wait of this client fails when the broker does not know the topic yet.
  await admin.createTopics({ topics, waitForLeaders: false })
  await admin.disconnect()
  const both = topics.map(({ topic }) => ({ name: topic, partitions }))
  await ensureTopics({ brokers }, both, topicsDeadlineMs)
}

type Written = { topic: string; partition: number; keys: number; offset: number }
type Sender = { producer: Producer; transaction: Transaction | undefined; written: Written[] }

/**
 * Writes transactions of several producers that are committed, aborted or left open, and messages without any between them.
 *
 * @param upTo a random integer below a number
 * @returns how many messages a reader of committed ones may see
 */
async function writeHistories(
  brokers: readonly string[],
  topics: readonly string[],
  upTo: (count: number) => number,
): Promise<number> {
  const plain = otherClient(brokers).producer({ allowAutoTopicCreation: false })
  await plain.connect()
  connected.push(plain)
  const senders = await Promise.all(
    Array.from({ length: 4 }, async (): Promise<Sender> => {
      return { producer: await transactionalProducer(brokers), transaction: undefined, written: [] }
    }),
  )
  const settled: Written[] = []
  let number = 0
  async function send(to: Pick<Producer, 'send'>, written: Written[]): Promise<void> {
    const topic = topics[upTo(topics.length)] ?? ''
    const partition = upTo(partitions)
    const size = [10, 10, 500, 3000][upTo(4)] ?? 0
    const messages = Array.from({ length: 1 + upTo(upTo(5) === 0 ? 60 : 5) }, () => {
      number += 1
      const timestamp = String(1_700_000_000_000 + number)
      return { key: `${topic}#${number}`, value: 'x'.repeat(1 + upTo(size)), partition, timestamp }
    })
    const compression = upTo(3) === 0 ? CompressionTypes.GZIP : CompressionTypes.None
    const [answer] = await to.send({ topic, messages, compression })
    written.push({ topic, partition, keys: messages.length, offset: Number(answer?.baseOffset) })
  }
  for (let step = 0; step < 320; step++) {
    const sender = senders[upTo(senders.length)]
    if (sender === undefined || upTo(6) === 0) {
      await send(plain, settled)
      continue
    }
    sender.transaction ??= await sender.producer.transaction()
    if (upTo(5) > 0) {
      await send(sender.transaction, sender.written)
      continue
    }
    const isCommitted = upTo(2) === 0
    await sender.transaction[isCommitted ? 'commit' : 'abort']()
    if (isCommitted) settled.push(...sender.written)
    sender.written = []
    sender.transaction = undefined
    // Towards the end some stay open, but not on every partition.
    if (step > 270 && senders.length > 0) senders.splice(senders.indexOf(sender), 1)
  }
  const open = senders.flatMap(({ written }) => written)
  const isStable = ({ topic, partition, offset }: Written) =>
    !open.some(other => other.topic === topic && other.partition === partition && other.offset <= offset)
  return settled.filter(isStable).reduce((sum, { keys }) => sum + keys, 0)
}

/** Where the readable part of each partition ends. */
async function stableEnds(brokers: readonly string[], topic: string): Promise<Offsets> {
  const library = await loadKafka()
  const client = new library.Consumer({ clientId: 'test', bootstrapBrokers: [...brokers], groupId: uniqueName('ends') })
  const isolationLevel = library.FetchIsolationLevels.READ_COMMITTED
  const ends = await client.listOffsets({ topics: [topic], isolationLevel })
  await client.close(true)
  return new Map((ends.get(topic) ?? []).map((end, partition) => [partition, end]))
}

async function readByUs(
  brokers: readonly string[],
  topic: string,
  partitionBytesMax: number,
  from: Offsets,
  ends: Offsets,
): Promise<KafkaMessage[]> {
  const reader = new TopicReader(await loadKafka(), {
    brokers,
    clientId: 'test',
    groupId: uniqueName('reader'),
    topic,
    partitionBytesMax,
  })
  const [node = -1] = await reader.leaders(true)
  const left = new Map(from)
  const messages: KafkaMessage[] = []
  while (left.size > 0) {
    for (const [partition, position] of left) if (position >= (ends.get(partition) ?? 0n)) left.delete(partition)
    if (left.size === 0) break
    for (const segment of await reader.fetch(node, left)) {
      messages.push(...segment.messages)
      left.set(segment.partition, segment.endOffset)
    }
  }
  await reader.dispose()
  return messages
}

type Seen = { partition: number; offset: bigint; key: Buffer | string | null; timestampMs: number }

const comparable = (messages: readonly KafkaMessage[]) => byPartition(messages)

/** What was read of each partition, a line a record, in the order of reading. */
function byPartition(records: readonly Seen[]): Map<number, string[]> {
  const lines = new Map<number, string[]>()
  for (const { partition, offset, key, timestampMs } of records.toSorted((a, b) => a.partition - b.partition)) {
    lines.set(partition, [...(lines.get(partition) ?? []), `${offset} ${key} ${timestampMs}`])
  }
  return lines
}
