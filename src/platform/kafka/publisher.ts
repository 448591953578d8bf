import type { Lease } from '../leadership.ts'
import type { Logger } from '../log.ts'
import { reasonOf } from '../reason.ts'
import { bytesAtMost, writeText } from '../write-text.ts'
import {
  dispose,
  hasProtocolError,
  type KafkaCluster,
  KafkaRefusedError,
  loadKafka,
  protocolErrors,
  tolerateLateErrors,
  unavailable,
  withKafkaDeadline,
} from './client.ts'
import type { Fence } from './fencing.ts'
import { hashKey } from './key-hash.ts'
import { ProducingClient } from './producing.ts'
import type { OutgoingMessage } from './record-batch.ts'

export type Publisher = {
  /**
   * Sends messages and resolves when every in-sync replica has all of them. Calls run one after another and messages in order, so
   * messages of one key stay in order across calls. After a rejection some of them may be stored, or be stored later by a broker that
   * resumes: sending them again is safe for readers that recognise a repetition even when newer messages of the key lie between.
   *
   * @param deadlineMs how long it may take from the call on, in milliseconds, including the wait for earlier calls
   * @param lease checked right before each request; the call is abandoned when it is lost
   * @throws AppError KAFKA_UNAVAILABLE when it did not succeed in time; KafkaRefusedError when a retry would be refused again
   */
  send(topic: string, messages: readonly OutgoingMessage[], deadlineMs: number, lease?: Lease): Promise<void>
  /** Waits for calls in progress and closes the connections. A later call is rejected. */
  close(): Promise<void>
}

const refusals = [
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
] as const

type PublisherOptions = KafkaCluster & { clientId: string; fencedAs?: string; log: Logger }

/**
 * Makes a publisher; it connects with its first call.
 *
 * @param options clientId: the name in the broker's logs and quotas; fencedAs: of all publishers with this name the brokers accept
 *   messages from the one that connected last (a transactional id, where the account may use it); undefined: from all
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const producer = createProducer(options)
  let lastCall: Promise<unknown> = Promise.resolve()
  let isClosed = false
  return {
    send(topic, messages, deadlineMs, lease) {
      if (isClosed)
        return Promise.reject(unavailable('The messages could not be sent', new Error('the publisher is closed')))
      const deadline = performance.now() + deadlineMs
      const call = lastCall.then(() => producer.sendAll(topic, messages, deadline, lease))
      lastCall = call.catch(() => {})
      return call
    },
    async close() {
      isClosed = true
      await lastCall
      await producer.discard()
    },
  }
}

/** Sends one call at a time, with a client that is thrown away at the first error. */
function createProducer(options: PublisherOptions) {
  const { fencedAs: name } = options
  const fence: Fence | undefined = name === undefined ? undefined : { name, hasWorked: false, isOff: false }
  let producing: ProducingClient | undefined
  let isFailing = false
  const choose = createChooser()

  async function open(): Promise<ProducingClient> {
    if (producing) return producing
    const opened = new ProducingClient(await loadKafka(), options, options.clientId, fence)
    tolerateLateErrors(opened.client)
    producing = opened
    return opened
  }

  async function discard(): Promise<void> {
    const discarded = producing?.client
    producing = undefined
    if (discarded) await dispose(discarded)
  }

  async function sendAll(
    topic: string,
    messages: readonly OutgoingMessage[],
    deadline: number,
    lease: Lease | undefined,
  ): Promise<void> {
    const wasFenced = fence?.isOff === false
    try {
      const client = await open()
      const asked = client.partitionsOf(topic)
      const partitions = await withKafkaDeadline(leftOf(deadline), 'the partitions of the topic', asked)
      const partitionOf = (key: string | Buffer | null) => choose(key) % partitions
      const beforeSending = () => lease?.assertHeld()
      const call = { topic, messages, partitionOf, deadline, beforeSending }
      await orLost(lease, sendRange(client, call, 0, messages.length))
      isFailing = false
      if (wasFenced && fence?.isOff) options.log.warn({ name }, 'the brokers support no fencing; publishing without it')
    } catch (error) {
      if (error instanceof KafkaRefusedError) throw error
      const level = isFailing ? 'debug' : 'warn'
      options.log[level]({ topic, reason: reasonOf(error) }, 'Messages could not be sent to Kafka')
      isFailing = true
      await discard()
      throw unavailable('The messages could not be sent', error)
    }
  }

  return { sendAll, discard }
}

function refusalOf(error: unknown, messageIndex: number | null): KafkaRefusedError | undefined {
  const reason = protocolErrors(error).find(name => refusals.some(refusal => refusal === name))
  return reason === undefined ? undefined : new KafkaRefusedError(reason, messageIndex, error)
}

type Call = {
  topic: string
  messages: readonly OutgoingMessage[]
  partitionOf: (key: string | Buffer | null) => number
  deadline: number
  beforeSending: () => void
}

/** Settles as the call does, or rejects as soon as the lease is lost. */
async function orLost(lease: Lease | undefined, call: Promise<void>): Promise<void> {
  if (lease === undefined) return call
  const { lost } = lease
  const end = Promise.withResolvers<never>()
  const onLost = () => end.reject(lost.reason)
  lost.addEventListener('abort', onLost, { once: true })
  if (lost.aborted) onLost()
  try {
    await Promise.race([call, end.promise])
  } finally {
    lost.removeEventListener('abort', onLost)
    call.catch(() => undefined)
    end.promise.catch(() => undefined)
  }
}

/** Sends a range of messages in as many requests as it takes, one after the other. */
async function sendRange(client: ProducingClient, call: Call, from: number, to: number): Promise<void> {
  const { topic, messages, partitionOf, deadline, beforeSending } = call
  for (let first = from; first < to; ) {
    const end = client.chunk.fill(messages, first, to, partitionOf)
    try {
      await withKafkaDeadline(
        leftOf(deadline),
        'the acknowledgement of messages',
        client.sendChunk(topic, beforeSending),
      )
    } catch (error) {
      const isTooLarge = hasProtocolError(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')
      const isOne = end - first === 1
      if (!isTooLarge || isOne) throw refusalOf(error, isOne ? first : null) ?? error
      // Their sum was too large, or one of them is: halving finds it.
      const half = first + ((end - first) >> 1)
      await sendRange(client, call, first, half)
      await sendRange(client, call, half, end)
    }
    first = end
  }
}

function leftOf(deadline: number): number {
  const left = deadline - performance.now()
  if (left <= 0) throw new Error('the deadline passed before the message could be sent')
  return left
}

/**
 * Makes the partitioner of the Java client, so that other producers of a topic agree: the partition is the returned number modulo the
 * number of partitions. Messages without a key go round robin.
 */
function createChooser(): (key: string | Buffer | null) => number {
  let turn = 0
  let keyBytes = Buffer.alloc(256)
  return key => {
    if (key === null) return turn++
    if (typeof key !== 'string') return hashKey(key, key.length)
    if (bytesAtMost(key) > keyBytes.length) keyBytes = Buffer.alloc(bytesAtMost(key))
    return hashKey(keyBytes, writeText(keyBytes, key, 0))
  }
}
