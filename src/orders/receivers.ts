import { postponedBy, type Receiver, type Verdict } from '../dead-letters/receiver.ts'
import { AppError } from '../errors.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import { readCommandMessage, toRequest } from './command-message.ts'
import { type CarryOut, refusalOf } from './commands.ts'
import type { Intake } from './intake.ts'
import { errorOf, isStored } from './placement.ts'
import { inTrace, orderInvalid, readOrder, submittable } from './validate.ts'

/**
 * What takes dead letters of orders and of commands in again.
 *
 * @param options onOutcome: hears what became of each order that is replayed
 */
export function orderReceivers(options: {
  intake: Intake
  carryOut: CarryOut
  onOutcome?: (outcome: string) => void
}): Receiver[] {
  const { intake, carryOut, onOutcome = () => undefined } = options
  return [orderReceiver(intake, onOutcome), commandReceiver(carryOut)]
}

function orderReceiver(intake: Intake, onOutcome: (outcome: string) => void): Receiver {
  const nothing = new Uint8Array(0)
  return {
    codes: ['ORDER_INVALID', 'ORDER_CONFLICT', 'ORDER_REFUSED_BY_STORE', 'ORDER_UNPROCESSABLE'],
    check(value) {
      const reading = readOrder(value ?? nothing)
      return reading.kind === 'refused' ? reading.violations : []
    },
    async take(messages) {
      const verdicts = messages.map(async ({ value, headers }): Promise<Verdict> => {
        const reading = readOrder(value ?? nothing)
        const order = submittable(reading)
        if (order === undefined) {
          return { kind: 'refused', error: orderInvalid(reading.kind === 'refused' ? reading.violations : []) }
        }
        const { orderUid } = order
        const outcome = await intake.submit(inTrace(order, traceparentOf(headers)))
        if (isStored(outcome)) return { kind: 'taken', outcome: outcome.kind, orderUid }
        return { kind: 'refused', error: errorOf(outcome, orderUid) }
      })
      const judged = await Promise.all(verdicts.map(verdict => verdict.catch(postponedBy)))
      for (const verdict of judged) {
        if (verdict.kind !== 'postponed') onOutcome(verdict.kind === 'taken' ? verdict.outcome : verdict.error.code)
      }
      return judged
    },
  }
}

function commandReceiver(carryOut: CarryOut): Receiver {
  return {
    codes: ['COMMAND_INVALID', 'COMMAND_UNPROCESSABLE', 'ORDER_NOT_FOUND', 'TRANSITION_REFUSED', 'VERSION_STALE'],
    check(value) {
      const reading = readCommandMessage(value)
      return reading.kind === 'refused' ? reading.violations : []
    },
    async take(messages) {
      const verdicts: Verdict[] = []
      // One after another, as they came: several may be to one order.
      for (const { value, headers } of messages) {
        const before = verdicts.at(-1)
        // What comes behind one that could not be judged must not overtake it.
        if (before?.kind === 'postponed') verdicts.push(before)
        else verdicts.push(await obey(value, traceparentOf(headers), carryOut).catch(postponedBy))
      }
      return verdicts
    },
  }
}

async function obey(value: Buffer | null, traceparent: string | undefined, carryOut: CarryOut): Promise<Verdict> {
  const reading = readCommandMessage(value)
  if (reading.kind === 'refused') {
    const { violations } = reading
    const error = new AppError('COMMAND_INVALID', 'the command breaks the contract', { violations })
    return { kind: 'refused', error }
  }
  const request = { ...toRequest(reading.value), traceparent }
  const result = await carryOut(request)
  if (result.kind === 'done') return { kind: 'taken', outcome: 'carried_out', orderUid: request.orderUid }
  return { kind: 'refused', error: refusalOf(result, request.command, request.orderUid) }
}
