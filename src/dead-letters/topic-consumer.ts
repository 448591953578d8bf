import { setTimeout as sleep } from 'node:timers/promises'
import type { AppError } from '../errors.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import type { HandleBatch } from '../platform/kafka/tracing.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import { type DeadLetter, toDeadLetter } from './dead-letter.ts'
import type { MessageHandler } from './message-handler.ts'
import { recordDeadLetters } from './recording.ts'
import { settingAside } from './setting-aside.ts'

/** Dead letters are stored in portions of this many, so that a flood of them stays within memory. */
const portionMax = 500

const backoff: Backoff = { firstMs: 100, maxMs: 5_000 }

export type TopicConsumerOptions = {
  /** What comes by the topic, for the log: `orders`. */
  what: string
  pool: Pool
  log: Logger
  /** Ends the waiting for the database: then the batch rejects, and is delivered again another time. */
  stop: AbortSignal
  /** Counts messages by what became of them: the outcome of those that were accepted, the code of dead letters. */
  count?: (outcome: string, messages: number) => void
}

/**
 * Consumes a topic. A batch resolves when each of its messages was accepted by the handler or is stored as a dead letter, so
 * that its offsets may be committed; a message that breaks its handling each time is a dead letter, too. An outage of the
 * database never makes one: the batch waits, and handles again what was deferred.
 */
export function createTopicConsumer(handler: MessageHandler, options: TopicConsumerOptions): HandleBatch {
  const { what, pool, log, stop, count = () => undefined } = options
  const waiting = `${what} from Kafka wait for the database`
  let deferredAtMs = Number.NEGATIVE_INFINITY

  const consume: HandleBatch = async (messages, traceparent) => {
    const accepted = new Map<string, number>()
    const deadLetters: DeadLetter[] = []
    let open = messages
    for (let failures = 0; open.length > 0; ) {
      const results = await handler.handle(open, { isInteractive: false, traceparent })
      const deferred: KafkaMessage[] = []
      let reason: AppError | undefined
      for (const [index, message] of open.entries()) {
        const result = results[index]
        if (result === undefined) throw new RangeError(`${results.length} results for ${open.length} messages`)
        if (result.kind === 'accepted') accepted.set(result.outcome, (accepted.get(result.outcome) ?? 0) + 1)
        else if (result.kind === 'rejected') deadLetters.push(deadLetterOf(message, result.error))
        else {
          deferred.push(message)
          reason ??= result.error
        }
      }
      open = deferred
      if (reason === undefined) continue
      failures += 1
      deferredAtMs = performance.now()
      if (stop.aborted) throw reason
      log.warn({ err: reason, messages: open.length, failures }, waiting)
      await sleep(backoffMs(backoff, failures, Math.random()), undefined, { signal: stop })
    }
    for (const [outcome, number] of accepted) count(outcome, number)
    for (let first = 0; first < deadLetters.length; first += portionMax) {
      const portion = deadLetters.slice(first, first + portionMax)
      await retryWhileUnavailable(() => recordDeadLetters(pool, portion), waiting, log, stop)
    }
    for (const { code } of deadLetters) count(code, 1)
  }

  const code = handler.unprocessable
  const failedAtMs = () => Math.max(deferredAtMs, handler.failedAtMs?.() ?? deferredAtMs)
  return settingAside(consume, { pool, code, log, stop, onSetAside: () => count(code, 1), failedAtMs })
}

/** What the database has said against a message is for the operator, and no answer to its sender. */
function deadLetterOf(message: KafkaMessage, { code, message: sentence, violations, cause }: AppError): DeadLetter {
  return toDeadLetter(message, code, cause instanceof Error ? cause.message : sentence, violations)
}
