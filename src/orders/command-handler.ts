import {
  type Deferred,
  deferredBy,
  type Message,
  type MessageHandler,
  type MessageResult,
} from '../dead-letters/message-handler.ts'
import { AppError } from '../errors.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import { readCommandMessage, toRequest } from './command-message.ts'
import type { CommandRequest } from './command-request.ts'
import { type CarryOut, refusalOf } from './commands.ts'

/** Orders that are worked on at a time; each takes a connection. */
const ordersAtATimeMax = 4

/** The handler of messages that are commands to orders. A repeated command has no second effect. */
export function createCommandHandler(carryOut: CarryOut): MessageHandler {
  return {
    codes: ['COMMAND_INVALID', 'COMMAND_UNPROCESSABLE', 'ORDER_NOT_FOUND', 'TRANSITION_REFUSED', 'VERSION_STALE'],
    unprocessable: 'COMMAND_UNPROCESSABLE',
    check(value) {
      const reading = readCommandMessage(value)
      return reading.kind === 'refused' ? reading.violations : []
    },
    handle: (messages, { traceparent }) => handleCommands(messages, carryOut, traceparent),
  }
}

/** A command and where its message stands in the batch. */
type Positioned = { request: CommandRequest; position: number }

/**
 * Carries out the commands of messages: those to one order one after another, in their order. A command behind one that is
 * deferred does not overtake it, and is deferred, too. While the database is away no other is tried either.
 */
async function handleCommands(
  messages: readonly Message[],
  carryOut: CarryOut,
  traceparent: string | undefined,
): Promise<MessageResult[]> {
  const results = new Array<MessageResult>(messages.length)
  const byOrder = new Map<string, Positioned[]>()
  for (const [position, { value, headers }] of messages.entries()) {
    const reading = readCommandMessage(value)
    if (reading.kind === 'refused') {
      const { violations } = reading
      const error = new AppError('COMMAND_INVALID', 'the command breaks the contract', { violations })
      results[position] = { kind: 'rejected', error }
      continue
    }
    const request = { ...toRequest(reading.value), traceparent: traceparentOf(headers) ?? traceparent }
    const queue = byOrder.get(request.orderUid)
    if (queue === undefined) byOrder.set(request.orderUid, [{ request, position }])
    else queue.push({ request, position })
  }
  const queues = [...byOrder.values()]
  let outage: Deferred | undefined
  const worker = async () => {
    for (let queue = queues.shift(); queue !== undefined; queue = queues.shift()) {
      let before: Deferred | undefined
      for (const { request, position } of queue) {
        const result = before ?? outage ?? (await carryOutOne(request, carryOut).catch(deferredBy))
        if (result.kind === 'deferred') before = result
        if (result.kind === 'deferred' && result.error.code !== 'ORDER_LOCKED') outage = result
        results[position] = result
      }
    }
  }
  await Promise.all(Array.from({ length: ordersAtATimeMax }, worker))
  return results
}

async function carryOutOne(request: CommandRequest, carryOut: CarryOut): Promise<MessageResult> {
  const { orderUid } = request
  const result = await carryOut(request)
  if (result.kind === 'done') return { kind: 'accepted', outcome: 'carried_out', orderUid }
  return { kind: 'rejected', error: refusalOf(result, request.command, orderUid) }
}
