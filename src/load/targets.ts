import { AppError } from '../errors.ts'
import { KafkaRefusedError } from '../platform/kafka/client.ts'
import type { Publisher } from '../platform/kafka/publisher.ts'
import type { Shot } from './orders.ts'

/** The outcome of a shot. */
export type Outcome = {
  /** The name that it is counted under: the status of the response, or the error. */
  name: string
  /** `busy`: refused because of overload, as specified. `unexpected`: not what the contract says. */
  verdict: 'accepted' | 'refused' | 'busy' | 'unexpected'
}

/** The target of a load. */
export type Target = {
  /** Its name, for a person. */
  description: string
  /** The meaning of a latency there. */
  latency: string
  /** How many sends may be in progress at once. */
  lanes: number
  /** Shots of one send. */
  batchMax: number
  /** Sends, and waits for the outcomes; never throws. */
  send(shots: readonly Shot[]): Promise<Outcome[]>
}

/** The expected statuses of each kind of shot. A 200 for a new one: the first attempt was lost and was sent again. */
const expected: Record<Shot['kind'], readonly number[]> = { new: [201, 200], repeated: [200], bad: [400] }

/**
 * Sends orders by `POST /api/orders`.
 *
 * It uses the runtime's client, as programs do. The benchmarks have a generator of their own on plain sockets, which costs a fraction;
 * that counts where it shares two cores with what it measures, but it can do nothing else.
 *
 * @param url of the service, without a slash at the end
 * @param answerDeadlineMs how long to wait for a response
 */
export function httpTarget(
  url: string,
  key: string | undefined,
  connections: number,
  answerDeadlineMs: number,
): Target {
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  }
  const post = async ({ kind, body }: Shot): Promise<Outcome> => {
    try {
      const signal = AbortSignal.timeout(answerDeadlineMs)
      const response = await fetch(`${url}/api/orders`, { method: 'POST', headers, body, signal })
      // The latency is that of the whole response, and the connection is free only then.
      await response.arrayBuffer()
      return { name: String(response.status), verdict: verdictOf(kind, response.status) }
    } catch (error) {
      const isLate = error instanceof Error && error.name === 'TimeoutError'
      return { name: isLate ? 'no answer' : `no connection (${codeOf(error)})`, verdict: 'unexpected' }
    }
  }
  return {
    description: `${url}/api/orders`,
    latency: 'from when an order was due until its whole answer was there',
    lanes: connections,
    batchMax: 1,
    send: shots => Promise.all(shots.map(post)),
  }
}

function verdictOf(kind: Shot['kind'], status: number): Outcome['verdict'] {
  if (status === 503) return 'busy'
  if (!expected[kind].includes(status)) return 'unexpected'
  return status === 400 ? 'refused' : 'accepted'
}

function codeOf(error: unknown): string {
  return error instanceof Error ? ('code' in error ? String(error.code) : error.name) : String(error)
}

/** Messages of one request to Kafka; requests go one after another, so what becomes due meanwhile goes with the next. */
const messagesMax = 500

/** Sends orders to the topic of the intake. A broker does not tell what the service makes of them. */
export function kafkaTarget(publisher: Publisher, topic: string, answerDeadlineMs: number): Target {
  return {
    description: `the Kafka topic ${topic}`,
    latency: 'from when an order was due until the brokers had acknowledged it; the service reads it later',
    lanes: 1,
    batchMax: messagesMax,
    async send(shots) {
      const messages = shots.map(({ orderUid, body }) => ({ key: orderUid, value: body }))
      const outcome = await publisher.send(topic, messages, answerDeadlineMs).then(acknowledged, refusedBy)
      return shots.map(() => outcome)
    },
  }
}

function acknowledged(): Outcome {
  return { name: 'acknowledged', verdict: 'accepted' }
}

function refusedBy(error: unknown): Outcome {
  if (error instanceof KafkaRefusedError) return { name: `refused (${error.reason})`, verdict: 'unexpected' }
  if (error instanceof AppError) return { name: 'not acknowledged', verdict: 'unexpected' }
  throw error
}
