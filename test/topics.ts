import { expect } from 'bun:test'
import { Admin } from '@platformatic/kafka'
import { type KafkaMessage, Partitioners } from 'kafkajs'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import { committedOffsets, eventually, otherClient, uniqueName } from './kafka.ts'
import type { OrderMessage } from './orders.ts'

/** A message of a topic as another client than ours reads it. */
export type Read = { partition: number; message: KafkaMessage }

/** The topics and the group of one test, unique to it, and the settings that pass them to the service. */
export type Topics = {
  brokers: string[]
  orders: string
  events: string
  deadLetters: string
  group: string
  env: Record<string, string>
}

/** Larger than a document may be, so that too large ones can be sent. */
const messageBytesMax = 4 * 1024 * 1024
/** Enough for a broker that has just started, on a machine under load. */
export const topicsDeadlineMs = 20_000
const listed = 10

/**
 * Names topics and makes them.
 *
 * @param bytesMax what they take at most in a message: unless given, enough for a document that is too large
 */
export async function makeTopics(brokers: readonly string[], bytesMax = messageBytesMax): Promise<Topics> {
  const [orders, events, deadLetters, group] = ['orders', 'orders.events', 'orders.dlq', 'group'].map(uniqueName)
  if (!orders || !events || !deadLetters || !group) throw new Error('four names were asked for')
  const created = [orders, events, deadLetters].map(name => ({ name, partitions: 6, messageBytesMax: bytesMax }))
  await ensureTopics({ brokers }, created, topicsDeadlineMs)
  const env = {
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_TOPIC: orders,
    KAFKA_EVENTS_TOPIC: events,
    KAFKA_DLQ_TOPIC: deadLetters,
    KAFKA_GROUP_ID: group,
  }
  return { brokers: [...brokers], orders, events, deadLetters, group, env }
}

/** Sends messages in their order by another client than ours; each names its kind in a header, and has one of bytes. */
export async function sendOrders(topics: Topics, messages: readonly OrderMessage[]): Promise<void> {
  const producer = otherClient(topics.brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const outgoing = messages.map(({ kind, key, value }) => ({
    key,
    value,
    headers: { kind, bytes: Buffer.from([0, 0xff, 0x0a]) },
  }))
  for (let first = 0; first < outgoing.length; first += 500) {
    await producer.send({ topic: topics.orders, messages: outgoing.slice(first, first + 500) })
  }
  await producer.disconnect()
}

/** Reads a topic as messages come, by another client than ours, until it is stopped. @returns when it reads */
export async function followTopic(brokers: readonly string[], topic: string) {
  const messages: KafkaMessage[] = []
  const consumer = otherClient(brokers).consumer({ groupId: uniqueName('follower'), maxWaitTimeInMs: 100 })
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void messages.push(message) })
  await joined.promise
  return { messages, stop: () => consumer.disconnect() }
}

/** Everything in a topic, each partition in its order. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<Read[]> {
  const left = await endsOf(brokers, topic)
  const read: Read[] = []
  if (left.size === 0) return read
  const settings = { groupId: uniqueName('reader'), maxBytesPerPartition: messageBytesMax, maxWaitTimeInMs: 100 }
  const consumer = otherClient(brokers).consumer(settings)
  const complete = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const message of batch.messages) read.push({ partition: batch.partition, message })
      if (BigInt(batch.lastOffset()) + 1n >= (left.get(batch.partition) ?? 0n)) left.delete(batch.partition)
      if (left.size === 0) complete.resolve()
    },
  })
  await complete.promise
  await consumer.disconnect()
  return read
}

/** Waits until the group has committed the ends of the topic that orders come in by. */
export async function untilConsumed(topics: Topics, deadlineMs: number): Promise<void> {
  const ends = await endsOf(topics.brokers, topics.orders)
  await eventually(
    'everything in the topic is committed',
    async () => {
      const committed = await committedOffsets(topics.brokers, topics.group, topics.orders).catch(() => [])
      return [...ends].every(([partition, end]) => BigInt(committed[partition] ?? -1) >= end)
    },
    deadlineMs,
  )
}

/** Removes all members of the group at once, as the end of their session timeout would after they were killed. */
export async function removeMembers({ brokers, group }: Topics): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
  await admin.removeMembersFromConsumerGroup({ groupId: group })
  await admin.close()
}

async function endsOf(brokers: readonly string[], topic: string): Promise<Map<number, bigint>> {
  const admin = otherClient(brokers).admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return new Map(offsets.filter(({ high }) => high !== '0').map(({ partition, high }) => [partition, BigInt(high)]))
}

/** A header as text. */
export function headerOf({ message }: Read, name: string): string | undefined {
  const value = message.headers?.[name]
  return value === undefined ? undefined : String(value)
}

/**
 * The guarantee in the topic: of each order every event came, those of one order in one partition, in their order and without a gap;
 * what came again is the same. Each is CloudEvents 1.0 in binary mode.
 *
 * @param orders JSON by uid
 * @returns how many came more than once
 */
export function expectEvents(read: readonly Read[], orders: ReadonlyMap<string, string>): number {
  const problems: string[] = []
  const seen = new Map<string, { partition: number; ids: string[] }>()
  let repeated = 0
  for (const event of read) {
    const key = String(event.message.key)
    const sequence = Number(headerOf(event, 'ce_sequence'))
    const { partition, ids } = seen.get(key) ?? { partition: event.partition, ids: [] }
    seen.set(key, { partition, ids })
    const id = headerOf(event, 'ce_id') ?? ''
    if (partition !== event.partition) problems.push(`${key} is in the partitions ${partition} and ${event.partition}`)
    if (sequence === ids.length + 1) ids.push(id)
    else if (ids[sequence - 1] === id) repeated += 1
    else problems.push(`event ${sequence} of ${key} came after ${ids.length}`)
    problems.push(...wrongInEvent(event, key, sequence, orders))
  }
  for (const uid of orders.keys()) if (!seen.has(uid)) problems.push(`no event of ${uid}`)
  expect(problems.slice(0, listed)).toEqual([])
  return repeated
}

function wrongInEvent(event: Read, key: string, sequence: number, orders: ReadonlyMap<string, string>): string[] {
  const sent = orders.get(key)
  if (sent === undefined) return [`an event of ${key}, which is no order`]
  const type = headerOf(event, 'ce_type') ?? ''
  const isGood =
    headerOf(event, 'ce_specversion') === '1.0' &&
    /^com\.shoppingcart\.[a-z]+\.[a-z_]+\.v1$/.test(type) &&
    headerOf(event, 'ce_subject') === key &&
    /./.test(headerOf(event, 'ce_source') ?? '') &&
    /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(headerOf(event, 'ce_time') ?? '') &&
    headerOf(event, 'content-type') === 'application/json'
  if (!isGood) return [`the headers of event ${sequence} of ${key}: ${JSON.stringify(event.message.headers)}`]
  if ((type === 'com.shoppingcart.order.placed.v1') !== (sequence === 1))
    return [`event ${sequence} of ${key} is ${type}`]
  const data = JSON.parse(String(event.message.value))
  if (sequence !== 1) return []
  // The order as it was placed, and behind its last field the state.
  const document = JSON.stringify(JSON.parse(sent))
  const isAsSent = JSON.stringify(data).startsWith(`${document.slice(0, -1)},"status":`)
  return isAsSent ? [] : [`order.placed of ${key} says ${event.message.value}, was sent as ${document}`]
}
