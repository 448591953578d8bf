import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from '@platformatic/kafka'
import {
  clientOptions,
  dispose,
  hasProtocolError,
  isUnknownTopic,
  type KafkaCluster,
  loadKafka,
  tolerateLateErrors,
  unavailable,
  withKafkaDeadline,
} from './client.ts'

/**
 * Asks the cluster for its brokers.
 *
 * @param deadlineMs how long the answer may take, in milliseconds
 * @returns how many brokers the cluster has
 * @throws AppError KAFKA_UNAVAILABLE when none answers in time
 */
export async function pingKafka(cluster: KafkaCluster, deadlineMs: number): Promise<number> {
  return withAdmin(cluster, deadlineMs, 'Kafka does not answer', async admin => {
    const { brokers: found } = await admin.metadata({ topics: [] })
    if (found.size === 0) throw new Error('the cluster names no broker')
    return found.size
  })
}

/** A topic to create: its number of partitions, and the largest message that it accepts, in bytes. */
export type NewTopic = { name: string; partitions: number; messageBytesMax?: number }

/**
 * Creates the topics that do not exist; an existing one is left as it is.
 *
 * @param deadlineMs how long all of it may take, in milliseconds
 * @throws AppError KAFKA_UNAVAILABLE when it could not be done in time or was refused; the detail says which
 */
export async function ensureTopics(
  cluster: KafkaCluster,
  topics: readonly NewTopic[],
  deadlineMs: number,
): Promise<void> {
  await withAdmin(cluster, deadlineMs, 'The topics could not be created', async (admin, signal) => {
    await createTopics(admin, topics)
    // The response comes before every broker knows the topic: a client that goes on at once would be refused.
    while (!signal.aborted && !(await areServed(admin, topics))) await sleep(50)
  })
}

/** Creates topics; an existing one is left as it is. @throws what the library throws */
export async function createTopics(admin: Admin, topics: readonly NewTopic[]): Promise<void> {
  for (const { name, partitions, messageBytesMax } of topics) {
    const configs = messageBytesMax ? [{ name: 'max.message.bytes', value: String(messageBytesMax) }] : []
    await admin.createTopics({ topics: [name], partitions, configs }).catch(error => {
      if (!hasProtocolError(error, 'TOPIC_ALREADY_EXISTS')) throw error
    })
  }
}

/** Returns the topics that do not exist; needs no right to create topics. @throws what the library throws */
export async function missingTopics(admin: Admin, topics: readonly NewTopic[]): Promise<NewTopic[]> {
  if (await areThere(admin, topics)) return []
  const missing: NewTopic[] = []
  for (const topic of topics) if (!(await areThere(admin, [topic]))) missing.push(topic)
  return missing
}

async function areThere(admin: Admin, topics: readonly NewTopic[]): Promise<boolean> {
  try {
    await admin.metadata({ topics: topics.map(({ name }) => name), forceUpdate: true })
    return true
  } catch (error) {
    if (isUnknownTopic(error)) return false
    // A topic without a leader exists, and gets one.
    if (hasProtocolError(error, ...notYet)) return true
    throw error
  }
}

const notYet = ['LEADER_NOT_AVAILABLE', 'NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_LEADER_EPOCH', 'FENCED_LEADER_EPOCH']

/** Whether every partition has a leader that knows it: it returns the end of the partition. */
async function areServed(admin: Admin, topics: ReadonlyArray<{ name: string }>): Promise<boolean> {
  try {
    const metadata = await admin.metadata({ topics: topics.map(({ name }) => name), forceUpdate: true })
    const asked = [...metadata.topics].map(([name, { partitionsCount }]) => ({
      name,
      partitions: Array.from({ length: partitionsCount }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n })),
    }))
    await admin.listOffsets({ topics: asked })
    return true
  } catch (error) {
    if (isUnknownTopic(error) || hasProtocolError(error, ...notYet)) return false
    throw error
  }
}

async function withAdmin<T>(
  cluster: KafkaCluster,
  deadlineMs: number,
  what: string,
  work: (admin: Admin, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const library = await loadKafka()
  const admin = new library.Admin(clientOptions(cluster, 'orders-admin'))
  tolerateLateErrors(admin)
  const over = new AbortController()
  try {
    return await withKafkaDeadline(deadlineMs, what, work(admin, over.signal))
  } catch (error) {
    throw unavailable(what, error)
  } finally {
    over.abort()
    await dispose(admin)
  }
}
