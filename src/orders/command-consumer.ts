import { type DeadLetter, toDeadLetter } from '../dead-letters/dead-letter.ts'
import { recordDeadLetters } from '../dead-letters/recording.ts'
import { settingAside } from '../dead-letters/setting-aside.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import type { HandleBatch } from '../platform/kafka/tracing.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import { type CommandMessage, readCommandMessage, toRequest } from './command-message.ts'
import { type CarryOut, refusalOf } from './commands.ts'

const waiting = 'commands from Kafka wait for the database'

/** Orders that are worked on at a time; each takes a connection. */
const ordersAtATimeMax = 4

type Options = { carryOut: CarryOut; pool: Pool; log: Logger; stop: AbortSignal }

/**
 * Carries out a batch of commands that came by Kafka: those to one order one after another, as they came. Resolves when each
 * was carried out or is a dead letter with its reason; so is one that breaks its handling each time. A command that comes again has no second effect.
 */
export function createCommandConsumer(options: Options): HandleBatch {
  const obeyAll: HandleBatch = async (messages, traceparent) => {
    const letters: DeadLetter[] = []
    const byOrder = new Map<string, { message: KafkaMessage; command: CommandMessage }[]>()
    for (const message of messages) {
      const reading = readCommandMessage(message.value)
      if (reading.kind === 'refused') {
        letters.push(toDeadLetter(message, 'COMMAND_INVALID', 'the command breaks the contract', reading.violations))
        continue
      }
      const { order_uid: orderUid } = reading.value
      byOrder.set(orderUid, [...(byOrder.get(orderUid) ?? []), { message, command: reading.value }])
    }
    const queues = [...byOrder.values()]
    const worker = async () => {
      for (let queue = queues.shift(); queue !== undefined; queue = queues.shift()) {
        for (const { message, command } of queue) {
          const letter = await obey(message, command, traceparent, options)
          if (letter !== undefined) letters.push(letter)
        }
      }
    }
    await Promise.all(Array.from({ length: ordersAtATimeMax }, worker))
    const { pool, log, stop } = options
    if (letters.length > 0) await retryWhileUnavailable(() => recordDeadLetters(pool, letters), waiting, log, stop)
  }
  return settingAside(obeyAll, { ...options, code: 'COMMAND_UNPROCESSABLE' })
}

async function obey(
  message: KafkaMessage,
  command: CommandMessage,
  traceOfBatch: string | undefined,
  options: Options,
): Promise<DeadLetter | undefined> {
  const { carryOut, log, stop } = options
  const request = { ...toRequest(command), traceparent: traceparentOf(message.headers) ?? traceOfBatch }
  const result = await retryWhileUnavailable(() => carryOut(request), waiting, log, stop)
  if (result.kind === 'done') return undefined
  const refusal = refusalOf(result, request.command, request.orderUid)
  return toDeadLetter(message, refusal.code, refusal.message)
}
