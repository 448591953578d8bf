import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { DecisionContext } from './changes.ts'
import { changePayment, type Draft, openIssue, openOperations, paymentIn, putOperation } from './draft.ts'
import { heldOf, isOpen, type Operation, type Payment } from './payment.ts'
import type { CalledProvider } from './provider.ts'

/** When the provider is asked next. */

/** Between calls that were not answered or not sent, and between looks at what the payer or the provider has still to do. */
const pause: Backoff = { firstMs: 2_000, maxMs: 60 * 60_000 }

/** How long an outcome may be unknown before a person is told. */
export const unknownMaxMs = 10 * 60_000

/** How long before an authorization ends a person is told, at the most. */
const expiryNoticeMs = 24 * 60 * 60_000

/** The pauses between looks at an authorization that should have ended, in milliseconds: as long as it is over, within these. */
const overdueLookMs = { min: 60_000, max: 60 * 60_000 }

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
 * @param mayRepeat without it what was sent before is looked up, such as when the clock may have been set back beyond the time that keys
 *   are kept
 */
export function nextStepOf(
  operation: Operation,
  { keysKeptMs }: Pick<CalledProvider, 'keysKeptMs'>,
  nowMs: number,
  mayRepeat = true,
): 'call' | 'look' {
  if (operation.providerRef !== undefined) return 'look'
  if (operation.sentAtMs === undefined) return 'call'
  if (operation.state === 'unknown' && operation.attempts % 2 === 1) return 'look'
  const ageMs = nowMs - operation.sentAtMs
  // A call may take a while to reach the provider.
  return mayRepeat && ageMs >= 0 && ageMs < keysKeptMs - settlingMs ? 'call' : 'look'
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

/**
 * Sets when a payment without an open operation is looked at: when a person is told that its authorization ends, and when it has ended.
 * From the first of these on there is an issue.
 */
export function scheduleLook(draft: Draft, paymentId: string): void {
  const payment = paymentIn(draft, paymentId)
  const { nowMs } = draft.context
  const noticeAtMs = expiryNoticeOf(payment)
  if (noticeAtMs !== undefined && nowMs >= noticeAtMs) openExpiring(draft, payment)
  const nextLookAtMs = nextLookOf(payment, nowMs)
  if (nextLookAtMs !== payment.nextLookAtMs) changePayment(draft, paymentId, { nextLookAtMs })
}

/**
 * When a person is told that an authorization ends: 24 hours before, or when half of its time is over if that is later, so that also one
 * of minutes is told of in time. Undefined: nothing is held, or for ever.
 */
function expiryNoticeOf(payment: Payment): number | undefined {
  const { authorizedUntilMs: untilMs, createdAtMs } = payment
  if (untilMs === undefined || heldOf(payment) === 0) return undefined
  return untilMs - Math.max(0, Math.min(expiryNoticeMs, (untilMs - createdAtMs) / 2))
}

function openExpiring(draft: Draft, payment: Payment): void {
  const { paymentId, authorizedUntilMs: untilMs } = payment
  if (untilMs === undefined) return
  openIssue(draft, payment, {
    kind: 'authorization_expiring',
    subject: paymentId,
    amount: heldOf(payment),
    detail: `what is authorized and not captured expires on ${minuteText(untilMs)}`,
  })
}

/** A time for a person, such as `2026-11-29 at 03:29 UTC`. */
function minuteText(ms: number): string {
  return new Date(ms).toISOString().replace(/T(\d\d:\d\d).*/, ' at $1 UTC')
}

function nextLookOf(payment: Payment, nowMs: number): number | undefined {
  const { authorizedUntilMs: untilMs } = payment
  const noticeAtMs = expiryNoticeOf(payment)
  if (untilMs === undefined || noticeAtMs === undefined) return undefined
  if (nowMs < noticeAtMs) return noticeAtMs
  if (nowMs < untilMs) return untilMs
  return nowMs + Math.min(overdueLookMs.max, Math.max(overdueLookMs.min, nowMs - untilMs))
}
