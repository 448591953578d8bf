import type { CompressionAlgorithmValue, Producer } from '@platformatic/kafka'
import type { Logger } from '../log.ts'
import { chunked, type Outgoing, type OutgoingMessage } from './chunks.ts'
import {
  clientOptions,
  describe,
  dispose,
  hasProtocolError,
  KafkaRefusedError,
  loadKafka,
  protocolErrors,
  tolerateLateErrors,
  unavailable,
  within,
} from './client.ts'

export type Publisher = {
  /**
   * Sends messages and resolves when every in-sync replica has all of them. Calls are carried out one after another,
   * each message in its order, so messages of one key stay in order across calls. After a rejection some of them may
   * be stored, or be stored later, by a broker that wakes up: sending them again is safe for readers that recognise a
   * repetition even when newer messages of the key lie between.
   *
   * @param deadlineMs how long it may take from the call on, in milliseconds, waiting for earlier calls included
   * @throws AppError KAFKA_UNAVAILABLE when that was not reached in time; KafkaRefusedError when trying again is in vain
   */
  send(topic: string, messages: readonly OutgoingMessage[], deadlineMs: number): Promise<void>
  /** Waits for the calls under way and closes the connections. A call after that is rejected. */
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

/**
 * Makes a publisher; it connects with its first call.
 *
 * @param options brokers: host:port each; clientId: the name in the broker's logs and quotas; compression: of record
 *   batches, none unless given
 */
export function createPublisher(options: {
  brokers: readonly string[]
  clientId: string
  log: Logger
  compression?: CompressionAlgorithmValue
}): Publisher {
  let producer: Producer<Buffer, Buffer, Buffer, Buffer> | undefined
  let lastCall: Promise<unknown> = Promise.resolve()
  let isClosed = false
  let turn = 0
  let isFailing = false

  async function open(): Promise<Producer<Buffer, Buffer, Buffer, Buffer>> {
    if (producer) return producer
    const library = await loadKafka()
    const opened = new library.Producer<Buffer, Buffer, Buffer, Buffer>({
      ...clientOptions(options.brokers, options.clientId),
      acks: library.ProduceAcks.ALL,
      idempotent: false,
      // Otherwise it would repeat a whole request of which a part was stored, and say nothing.
      repeatOnStaleMetadata: false,
      ...(options.compression ? { compression: options.compression } : {}),
    })
    tolerateLateErrors(opened)
    producer = opened
    return opened
  }

  async function discard(): Promise<void> {
    const discarded = producer
    producer = undefined
    if (discarded) await dispose(discarded, () => discarded.close(true))
  }

  async function partitionsOf(topic: string, deadline: number): Promise<number> {
    const left = Math.max(1, deadline - Date.now())
    const metadata = await within(left, 'the partitions of the topic', (await open()).metadata({ topics: [topic] }))
    const count = metadata.topics.get(topic)?.partitionsCount
    if (!count) throw new Error(`the topic ${topic} is not there`)
    return count
  }

  async function sendChunk(messages: Outgoing[], firstIndex: number, deadline: number): Promise<void> {
    const client = await open()
    const acks = (await loadKafka()).ProduceAcks.ALL
    const left = deadline - Date.now()
    if (left <= 0) throw new Error('the deadline passed before the message could be sent')
    try {
      await within(left, 'the acknowledgement of messages', client.send({ messages, acks }))
    } catch (error) {
      const isTooLarge = hasProtocolError(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')
      if (!isTooLarge || messages.length === 1)
        throw refusalOf(error, messages.length === 1 ? firstIndex : null) ?? error
      // Only their sum was too large, or one of them is: halving them finds out which.
      const half = messages.length >> 1
      await sendChunk(messages.slice(0, half), firstIndex, deadline)
      await sendChunk(messages.slice(half), firstIndex + half, deadline)
    }
  }

  async function sendAll(topic: string, messages: readonly OutgoingMessage[], deadline: number): Promise<void> {
    try {
      const partitions = await partitionsOf(topic, deadline)
      // The Java client's choice, so that other producers of the topic agree; without a key the partitions take turns.
      const { compatibilityPartitioner } = await loadKafka()
      const partitionOf = (key: Buffer | null | undefined) =>
        (key ? compatibilityPartitioner({ topic, value: key }, key) : turn++) % partitions
      let sent = 0
      for (const chunk of chunked(topic, messages, partitionOf)) {
        await sendChunk(chunk, sent, deadline)
        sent += chunk.length
      }
      isFailing = false
    } catch (error) {
      if (error instanceof KafkaRefusedError) throw error
      options.log[isFailing ? 'debug' : 'warn'](
        { topic, reason: describe(error) },
        'Messages could not be sent to Kafka',
      )
      isFailing = true
      await discard()
      throw unavailable('The messages could not be sent', error)
    }
  }

  return {
    send(topic, messages, deadlineMs) {
      if (isClosed)
        return Promise.reject(unavailable('The messages could not be sent', new Error('the publisher is closed')))
      const deadline = Date.now() + deadlineMs
      const call = lastCall.then(() => sendAll(topic, messages, deadline))
      lastCall = call.catch(() => {})
      return call
    },
    async close() {
      isClosed = true
      await lastCall
      await discard()
    },
  }
}

function refusalOf(error: unknown, messageIndex: number | null): KafkaRefusedError | undefined {
  const reason = protocolErrors(error).find(name => refusals.some(refusal => refusal === name))
  return reason === undefined ? undefined : new KafkaRefusedError(reason, messageIndex, error)
}
