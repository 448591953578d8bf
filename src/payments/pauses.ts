import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { DecisionContext } from './changes.ts'
import { type Draft, openOperations, paymentIn, putOperation, changePayment } from './draft.ts'
import { heldOf, isOpen, type Operation, type Payment } from './payment.ts'
import type { CalledProvider } from './provider.ts'

/** When the provider is asked next. */

/** Between calls that were not answered or not sent, and between looks at what the payer or the provider has still to do. */
const pause: Backoff = { firstMs: 2_000, maxMs: 60 * 60_000 }

/** How long an outcome may be unknown before a person is told. */
export const unknownMaxMs = 10 * 60_000

/** How long before an authorization ends a person is told. */
export const expiryNoticeMs = 24 * 60 * 60_000

/** How long after the last moment at which a key was kept a call that used it may still have effect at the provider. */
const settlingMs = 10 * 60_000

/** An open operation with its next attempt after a pause. @param leastMs the provider's word on how long to wait */
export function postponed(operation: Operation, { nowMs, random }: DecisionContext, leastMs = 0): Operation {
  const waitMs = Math.max(backoffMs(pause, operation.attempts, random()), leastMs)
  return { ...operation, nextAttemptAtMs: nowMs + waitMs }
}

/** Postpones what is open of a payment: the provider was just asked. */
export function postponeOpen(draft: Draft, paymentId: string): void {
  for (const operation of openOperations(draft, paymentId))
    if (operation.state !== 'requested') putOperation(draft, postponed(operation, draft.context))
}

/**
 * What to do about an open operation that is due: `call` the provider by the operation's key, or `look` the payment up.
 *
 * It is called again only while the provider keeps the key; a call that the provider has answered already is only looked up. What is not
 * known is looked up and called by turns: a provider may keep an error as the answer to the key, also when the operation is done.
 *
 * @param isClockRight without it what was sent before is looked up: the clock may have been set back beyond the time that keys are kept
 */
export function nextStepOf(
  operation: Operation,
  { keysKeptMs }: Pick<CalledProvider, 'keysKeptMs'>,
  nowMs: number,
  isClockRight = true,
): 'call' | 'look' {
  if (operation.providerRef !== undefined) return 'look'
  if (operation.sentAtMs === undefined) return 'call'
  if (operation.state === 'unknown' && operation.attempts % 2 === 1) return 'look'
  const ageMs = nowMs - operation.sentAtMs
  // A call may take a while to reach the provider.
  return isClockRight && ageMs >= 0 && ageMs < keysKeptMs - settlingMs ? 'call' : 'look'
}

/** Whether a look that was begun at a time would find what an operation has done, if it had done anything. */
export function isConclusive(
  operation: Operation,
  { keysKeptMs }: Pick<CalledProvider, 'keysKeptMs'>,
  askedAtMs: number,
) {
  return (
    isOpen(operation) && operation.sentAtMs !== undefined && askedAtMs - operation.sentAtMs >= keysKeptMs + settlingMs
  )
}

/** Sets when a payment without an open operation is looked at: before its authorization ends, and when it has. */
export function scheduleLook(draft: Draft, paymentId: string): void {
  const payment = paymentIn(draft, paymentId)
  const nextLookAtMs = nextLookOf(payment, draft.context.nowMs)
  if (nextLookAtMs !== payment.nextLookAtMs) changePayment(draft, paymentId, { nextLookAtMs })
}

function nextLookOf(payment: Payment, nowMs: number): number | undefined {
  const { authorizedUntilMs: untilMs } = payment
  if (untilMs === undefined || heldOf(payment) === 0) return undefined
  if (nowMs < untilMs - expiryNoticeMs) return untilMs - expiryNoticeMs
  return Math.max(untilMs, nowMs + 60 * 60_000)
}
