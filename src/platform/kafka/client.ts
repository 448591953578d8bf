import type { Base } from '@platformatic/kafka'
import { AppError } from '../../errors.ts'
import { withDeadline } from '../deadline.ts'
import { reasonOf } from '../reason.ts'
import type { KafkaSecurity } from './security.ts'

/**
 * What all Kafka clients share. The library is loaded on first use, so that a service without Kafka does not pay for it. Clients are
 * disposable: after a broker fell silent the library's own retries were seen to fail indefinitely, on Node and Bun alike. So no client
 * is repaired: after an error or a silence it is thrown away and a new one is opened.
 */
export type KafkaLibrary = typeof import('@platformatic/kafka')

/** The brokers, and how to connect to them. */
export type KafkaCluster = Readonly<{
  /** host:port each; any of them may answer first. */
  brokers: readonly string[]
  /** Undefined: without TLS and without a login. */
  security?: KafkaSecurity | undefined
}>

/** The timeout of one request, in milliseconds. */
export const requestTimeoutMs = 5000

/** A message as the broker stores it. Names of headers are bytes, since Kafka does not guarantee that they are text. */
export type KafkaMessage = {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: Buffer | null
  /** null is a tombstone: the value of the key was deleted. */
  readonly value: Buffer | null
  readonly headers: ReadonlyArray<readonly [name: Buffer, value: Buffer | null]>
  /** Milliseconds since 1970, as the producer or the broker set it. */
  readonly timestampMs: number
}

/** The broker refused a message; it will refuse the same one again. */
export class KafkaRefusedError extends Error {
  /** The protocol's name of the error: 'MESSAGE_TOO_LARGE', 'TOPIC_AUTHORIZATION_FAILED', … */
  readonly reason: string
  /** Which of the messages of the call was refused, counted from 0; null where the broker refused all of them. */
  readonly messageIndex: number | null

  constructor(reason: string, messageIndex: number | null, cause: unknown) {
    const which = messageIndex === null ? 'the messages' : `message ${messageIndex} of the call`
    super(`The Kafka broker refused ${which}: ${reason}`, { cause })
    this.name = 'KafkaRefusedError'
    this.reason = reason
    this.messageIndex = messageIndex
  }
}

/** Loads the client library on the first call. */
export function loadKafka(): Promise<KafkaLibrary> {
  return import('@platformatic/kafka')
}

/** Options of every client. The library's retries are off: a new client is the retry. */
export function clientOptions({ brokers, security }: KafkaCluster, clientId: string) {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    ...(security?.tls && { tls: security.tls }),
    ...(security?.sasl && { sasl: security.sasl }),
    connectTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    timeout: requestTimeoutMs,
    retries: 0,
    autocreateTopics: false,
  }
}

/**
 * Waits for Kafka until a deadline.
 *
 * @param what names the work, for the message: 'the commit'
 * @throws Error when it takes longer than `ms` milliseconds
 */
export function withKafkaDeadline<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return withDeadline(work, ms, () => {
    throw new Error(`Kafka did not answer within ${ms} ms: ${what}`)
  })
}

/** A connection that fails twice would end the process: the library listens to its first error only. */
export function tolerateLateErrors(client: Base): void {
  client.connections.on('connecting', ({ connection }) => connection?.on('error', () => {}))
}

/**
 * Disposes of a client. Its sockets are destroyed first: an orderly close waits for the broker, which may be the one that fell
 * silent.
 *
 * @param close how a client of this kind is closed with force
 */
export async function dispose(client: Base, close: () => Promise<void> = () => client.close()): Promise<void> {
  for (const [, connection] of client.connections) connection.socket?.destroy()
  await new Promise(resolve => setImmediate(resolve))
  await withKafkaDeadline(1000, 'closing', close()).catch(() => {})
}

/** Returns the protocol's names of all errors nested in an error of the library: ['MESSAGE_TOO_LARGE']. */
export function protocolErrors(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = 'apiId' in error && typeof error.apiId === 'string' ? [error.apiId] : []
  const nested = error instanceof AggregateError ? error.errors.flatMap(protocolErrors) : []
  return [...own, ...nested, ...protocolErrors(error.cause)]
}

/** @returns whether the broker answered with one of these errors, by the protocol's names */
export function hasProtocolError(error: unknown, ...names: readonly string[]): boolean {
  return protocolErrors(error).some(name => names.includes(name))
}

/** The errors for a topic that does not exist, or was deleted and created again. */
const unknownTopic = ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'INCONSISTENT_TOPIC_ID']

/** Whether the broker said that there is no such topic; the library says that partly in words only. */
export function isUnknownTopic(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (hasProtocolError(error, ...unknownTopic) || error.message.startsWith('Unknown topic ')) return true
  return error instanceof AggregateError ? error.errors.some(isUnknownTopic) : isUnknownTopic(error.cause)
}

/** Makes the error that the API answers with while Kafka cannot be reached. */
export function unavailable(what: string, cause: unknown): AppError {
  return new AppError('KAFKA_UNAVAILABLE', `${what}: ${reasonOf(cause)}`, { cause })
}

/** A broker, most often an old one, does not know a request. */
export class UnsupportedRequestError extends Error {
  override readonly name = 'UnsupportedRequestError'
}

/**
 * Chooses the version of a request that is sent without the library's own client.
 *
 * @param forms every version that the library knows, the newest first
 * @returns the newest that the broker supports too
 * @throws Error where there is none, and what the library throws
 */
export async function newestForm<Form extends { api: { key: number; version: number } }>(
  client: Base,
  forms: readonly Form[],
): Promise<Form> {
  const apis = await client.listApis()
  const form = forms.find(({ api: { key, version } }) =>
    apis.some(known => known.apiKey === key && version >= known.minVersion && version <= known.maxVersion),
  )
  if (!form) throw new UnsupportedRequestError('the broker supports no version of this request that is known here')
  return form
}
