import type { OrderRefundOutcome } from '../payments/order-refunds.ts'
import { type Cause, nextVersion, type OrderReturns, type ReturnDecision, withRefund } from './changes.ts'
import { returnEvents } from './events.ts'
import { refuse, refuseState } from './refusal.ts'
import { defaultRefundOf } from './refund-amount.ts'
import { noRefund, type Return } from './return.ts'

/** The refund of a return: it is begun, and what payments say of it is noted. Pure. */

export type RefundInput = Readonly<{
  /** Undefined: what was paid for the units, after the fee. 0: nothing is refunded. */
  amount: number | undefined
  fee: number | undefined
  /** Whether what was paid for delivery is refunded too. */
  delivery: boolean
}>

/**
 * How long a refund is left to the request or worker that has begun it or taken it up, and how long it waits for a provider that has not
 * answered; in milliseconds.
 */
const leaseMs = 30_000
const pauseMs = 5_000

/**
 * Begins a refund. One that has begun goes on, and one that is done stays.
 *
 * @param paidForDelivery of the order
 * @throws AppError RETURN_STATE_REFUSED, also for another amount than that of the refund that has begun
 */
export function decideRefund(
  { returns }: OrderReturns,
  of: Return,
  input: RefundInput,
  paidForDelivery: number,
  cause: Cause,
): ReturnDecision {
  const { refund } = of
  if (of.state === 'refunded') return refuseOther(of, input, refund.refunded)
  if (of.state !== 'received') refuseState(of, 'refunded')
  if (refund.state === 'pending') return refuseOther(of, input, refund.amount)
  const elsewhere = returns.reduce((total, one) => total + (one === of ? 0 : one.refund.delivery), 0)
  if (input.delivery && elsewhere > 0)
    refuse('RETURN_STATE_REFUSED', 'what was paid for delivery was refunded with another return')
  const delivery = input.delivery ? paidForDelivery : refund.delivery
  const fee = input.fee ?? refund.fee
  const amount = input.amount ?? defaultRefundOf(of, { delivery, fee })
  const { reason, actor } = cause
  const asked = { amount, isAtMost: input.amount === undefined, fee, delivery, reason, actor }
  if (amount === 0) return { change: refunded(of, asked, cause) }
  const attempts = refund.attempts + 1
  const dueAtMs = cause.nowMs + leaseMs
  return { change: withRefund(of, { ...asked, state: 'pending', attempts, dueAtMs }) }
}

function refuseOther(of: Return, { amount }: RefundInput, known: number): undefined {
  if (amount !== undefined && amount !== known)
    refuse('RETURN_STATE_REFUSED', `a refund of ${known} ${of.state === 'refunded' ? 'was made' : 'is under way'}`)
  return undefined
}

/** Takes up a pending refund that is due: nobody else does until its time is over. */
export function decideTakeUp(of: Return, nowMs: number): ReturnDecision {
  const { state, dueAtMs = Number.POSITIVE_INFINITY } = of.refund
  return state === 'pending' && dueAtMs <= nowMs ? { change: withRefund(of, { dueAtMs: nowMs + leaseMs }) } : undefined
}

/**
 * Notes what has come of an attempt.
 *
 * @param attempt its number; another one changes nothing
 * @param outcome undefined: it was refused, and nothing was begun
 */
export function decideOutcome(
  of: Return,
  attempt: number,
  outcome: OrderRefundOutcome | undefined,
  { nowMs, traceparent }: Pick<Cause, 'nowMs' | 'traceparent'>,
): ReturnDecision {
  const { refund } = of
  if (refund.state !== 'pending' || refund.attempts !== attempt) return undefined
  if (outcome === undefined) {
    // What an attempt before it has refunded counts, with the fee and the delivery that it was for.
    const { attempts, refunded: done } = refund
    return { change: withRefund(of, done > 0 ? { state: 'failed', dueAtMs: undefined } : { ...noRefund, attempts }) }
  }
  if (outcome.state === 'pending') return { change: withRefund(of, { dueAtMs: nowMs + pauseMs }) }
  const moved = {
    refunded: refund.refunded + outcome.refunded,
    operationIds: [...refund.operationIds, ...outcome.operationIds],
  }
  if (outcome.state === 'failed') return { change: withRefund(of, { ...moved, state: 'failed', dueAtMs: undefined }) }
  const { reason, actor } = refund
  return { change: refunded(of, moved, { nowMs, reason, actor, traceparent }) }
}

function refunded(of: Return, refund: Partial<Return['refund']>, cause: Cause) {
  const after: Return['refund'] = { ...of.refund, ...refund, state: 'succeeded', dueAtMs: undefined }
  const atMs = Math.max(cause.nowMs, of.updatedAtMs)
  return nextVersion(of, { state: 'refunded', refund: after, refundedAtMs: atMs }, returnEvents.refunded, cause)
}
