import { AppError } from '../errors.ts'
import { KafkaRefusedError } from '../platform/kafka/client.ts'
import type { Publisher } from '../platform/kafka/publisher.ts'
import type { Shot } from './orders.ts'

/** What became of a shot. */
export type Outcome = {
  /** By this name it is counted: the status of the answer, or what came in its place. */
  name: string
  /** `busy`: refused for now, as is agreed for an overload. `unexpected`: not what should have become of it. */
  verdict: 'accepted' | 'refused' | 'busy' | 'unexpected'
}

/** Where a load goes. */
export type Target = {
  /** What it is, for a person. */
  description: string
  /** What a latency means there. */
  latency: string
  /** How many sends may be under way at a time. */
  lanes: number
  /** How many shots a send takes at most. */
  batchMax: number
  /** Sends, and waits for what comes of it; never throws. */
  send(shots: readonly Shot[]): Promise<Outcome[]>
}

/** What each kind of shot is to be answered. A 200 for a new one: the first try was lost on the way and was sent again. */
const expected: Record<Shot['kind'], readonly number[]> = { new: [201, 200], repeated: [200], bad: [400] }

/**
 * Orders by `POST /api/orders`.
 *
 * It uses the runtime's own client, as programs do. The benchmarks have a generator of their own, which writes to sockets
 * and knows what the answers look like: it costs a fraction, which counts where it shares two cores with what it measures,
 * and it can do nothing else.
 *
 * @param url of the service, without a slash at the end
 * @param answerDeadlineMs how long an answer is waited for
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
      // The latency is that of the whole answer, and the connection is free again only then.
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

/** What a request to Kafka holds at most; requests go one after another, so what is due meanwhile goes with the next. */
const messagesMax = 500

/** Orders as messages of the topic that orders come in by. What the service makes of them, a broker does not tell. */
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
