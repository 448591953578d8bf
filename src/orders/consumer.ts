import { setImmediate as nextTurn } from 'node:timers/promises'
import { type DeadLetter, toDeadLetter } from '../dead-letters/dead-letter.ts'
import { recordDeadLetters } from '../dead-letters/recording.ts'
import { settingAside } from '../dead-letters/setting-aside.ts'
import type { AppError, Violation } from '../errors.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import type { HandleBatch } from '../platform/kafka/tracing.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import type { Intake } from './intake.ts'
import type { OrderMetrics } from './metrics.ts'
import { errorOf, isStored } from './placement.ts'
import { inTrace, readOrder, submittable, type ValidOrder } from './validate.ts'

/**
 * Messages read in one turn of the event loop. In longer turns the database's connections run dry: their sockets hold the
 * rows of two hundred orders, and the next are written only between turns.
 */
const turnMessages = 25

const waiting = 'orders from Kafka wait for the database'

/** Letters are stored in portions of so many, so that a flood of them stays within memory. */
const lettersMax = 500

/**
 * Takes in a batch of Kafka messages: resolves when every order in it is durable and every message that is no valid order
 * is a dead letter, so that its offsets may be committed; so is one that breaks its handling each time. While the database is
 * away it waits and tries again: an outage is never a dead letter.
 */
export function createOrderConsumer(options: {
  intake: Intake
  pool: Pool
  metrics: OrderMetrics
  log: Logger
  /** Ends the waiting for the database: then the batch rejects, and is delivered again another time. */
  stop: AbortSignal
}): HandleBatch {
  const { intake, pool, metrics, log, stop } = options
  /** Resolves when the batch before has been submitted. Batches are read side by side, and a short one is read first. */
  let submitted: Promise<void> = Promise.resolve()
  const takeIn: HandleBatch = async (messages, traceparent) => {
    const before = submitted
    const turn = Promise.withResolvers<void>()
    submitted = turn.promise
    const { orders, senders, letters } = await readMessages(messages, traceparent).catch(error => {
      turn.resolve()
      throw error
    })
    await before
    const placing = intake.submitAll(orders)
    turn.resolve()
    const outcomes = await placing
    let placed = 0
    outcomes.forEach((outcome, index) => {
      if (outcome.kind === 'placed') placed += 1
      else if (isStored(outcome)) metrics.count('kafka', outcome.kind)
      else {
        const error = errorOf(outcome, orders[index]?.orderUid ?? '')
        letters.push(toDeadLetter(senders[index] as KafkaMessage, error.code, reasonFor(error), error.violations))
      }
    })
    if (placed > 0) metrics.count('kafka', 'placed', placed)
    for (let first = 0; first < letters.length; first += lettersMax) {
      await retryWhileUnavailable(
        () => recordDeadLetters(pool, letters.slice(first, first + lettersMax)),
        waiting,
        log,
        stop,
      )
    }
    for (const letter of letters) metrics.count('kafka', letter.code)
  }
  const code = 'ORDER_UNPROCESSABLE'
  return settingAside(takeIn, { pool, code, log, stop, onSetAside: () => metrics.count('kafka', code) })
}

/** The orders among messages, with the messages that they came by, and a letter for each that is none. */
async function readMessages(messages: readonly KafkaMessage[], traceparent: string | undefined) {
  const letters: DeadLetter[] = []
  const senders: KafkaMessage[] = []
  const orders: ValidOrder[] = []
  for (const [index, message] of messages.entries()) {
    if (index % turnMessages === turnMessages - 1) await nextTurn()
    const reading = readOrder(message.value ?? new Uint8Array(0))
    const order = submittable(reading)
    if (order !== undefined) {
      orders.push(inTrace(order, traceparentOf(message.headers) ?? traceparent))
      senders.push(message)
    } else if (reading.kind === 'refused') {
      letters.push(toDeadLetter(message, 'ORDER_INVALID', breaks(reading.violations), reading.violations))
    }
  }
  return { orders, senders, letters }
}

function breaks(violations: readonly Violation[]): string {
  return `rules of the contract that the message breaks: ${violations.length}`
}

/** What the database has said of an order is for the one who looks into it, and not for its sender. */
function reasonFor({ message, cause }: AppError): string {
  return cause instanceof Error ? cause.message : message
}
