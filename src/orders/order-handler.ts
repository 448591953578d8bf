import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Deferred,
  deferredBy,
  type Message,
  type MessageHandler,
  type MessageResult,
} from '../dead-letters/message-handler.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import type { Intake } from './intake.ts'
import { errorOf, isStored, type Outcome } from './placement.ts'
import type { RejectionCode } from './placement-part.ts'
import type { ValidOrder } from './new-order.ts'
import { inTrace, orderInvalid, readOrder, submittable } from './validate.ts'

/**
 * Messages read in one turn of the event loop. In longer turns the database's connections run dry: their sockets hold the
 * rows of two hundred orders, and the next are written only between turns.
 */
const turnMessages = 25

const noBytes = new Uint8Array(0)

type Submit = (orders: readonly ValidOrder[]) => Promise<readonly (Outcome | Deferred)[]>

/**
 * The handler of messages that are orders. Batches may be handled side by side: their orders are submitted in the order of the
 * calls.
 *
 * @param options rejectsWith: the codes of the parts of the placement; onReplayed: is called with what became of each order
 *   that was replayed
 */
export function createOrderHandler(options: {
  intake: Intake
  rejectsWith?: readonly RejectionCode[]
  onReplayed?: (outcome: string) => void
}): MessageHandler {
  const { intake, rejectsWith = [], onReplayed = () => undefined } = options
  const submitInTurn = createTurns(intake)
  return {
    codes: ['ORDER_INVALID', 'ORDER_CONFLICT', 'ORDER_REFUSED_BY_STORE', 'ORDER_UNPROCESSABLE', ...rejectsWith],
    unprocessable: 'ORDER_UNPROCESSABLE',
    check(value) {
      const reading = readOrder(value ?? noBytes)
      return reading.kind === 'refused' ? reading.violations : []
    },
    failedAtMs: () => intake.failedAtMs,
    async handle(messages, { isInteractive, traceparent }) {
      if (!isInteractive) return submitInTurn(submit => handleOrders(messages, submit, traceparent))
      const submitEach: Submit = orders =>
        Promise.all(orders.map((order): Promise<Outcome | Deferred> => intake.submit(order).catch(deferredBy)))
      const results = await handleOrders(messages, submitEach, traceparent)
      for (const result of results) {
        if (result.kind !== 'deferred') onReplayed(result.kind === 'accepted' ? result.outcome : result.error.code)
      }
      return results
    },
  }
}

/** Reads orders from messages, submits them together, and says what became of each. */
async function handleOrders(
  messages: readonly Message[],
  submit: Submit,
  traceparent: string | undefined,
): Promise<MessageResult[]> {
  const results = new Array<MessageResult>(messages.length)
  const orders: ValidOrder[] = []
  const positions: number[] = []
  for (const [index, message] of messages.entries()) {
    if (index % turnMessages === turnMessages - 1) await nextTurn()
    const reading = readOrder(message.value ?? noBytes)
    const order = submittable(reading)
    if (order !== undefined) {
      orders.push(inTrace(order, traceparentOf(message.headers) ?? traceparent))
      positions.push(index)
    } else if (reading.kind === 'refused') {
      results[index] = { kind: 'rejected', error: orderInvalid(reading.violations) }
    }
  }
  const outcomes = await submit(orders)
  outcomes.forEach((outcome, position) => {
    results[positions[position] ?? 0] = resultOf(outcome, orders[position]?.orderUid ?? '')
  })
  return results
}

function resultOf(outcome: Outcome | Deferred, orderUid: string): MessageResult {
  if (outcome.kind === 'deferred') return outcome
  if (isStored(outcome)) return { kind: 'accepted', outcome: outcome.kind, orderUid }
  return { kind: 'rejected', error: errorOf(outcome, orderUid) }
}

/**
 * Has batches submitted in the order of the calls, although they are read side by side and a short one is read first.
 *
 * @returns a function that runs `work` and gives it the way to submit, which waits for the batch before
 */
function createTurns(intake: Intake): <Result>(work: (submit: Submit) => Promise<Result>) => Promise<Result> {
  let submitted: Promise<void> = Promise.resolve()
  return work => {
    const before = submitted
    const turn = Promise.withResolvers<void>()
    submitted = turn.promise
    const submit: Submit = async orders => {
      await before
      const submitting = intake.submitAll(orders)
      turn.resolve()
      return submitting
    }
    return work(submit).finally(turn.resolve)
  }
}
