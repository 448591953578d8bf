import type { CaptureMode, Failure } from '../payment.ts'
import type { AuthorizationReport, DisputeReport, MovementReport, PaymentReport } from '../provider.ts'

/**
 * A payment as the sandbox keeps it, and what becomes of it: pure. What happens later by itself (an outcome, an expiry, a refund that
 * fails) is a time that is stored with it, so that nothing has to run for it to happen.
 */

/** What a payer may pay with; each leads to one outcome. Without a token the payer decides on the payment page, as by `tok_action`. */
export const sandboxTokens = {
  tok_approve: 'Is approved at once',
  tok_decline: 'Is declined',
  tok_action: 'Waits for the payer, on the payment page',
  tok_timeout: 'Is not answered, and approved a little later',
  tok_webhook_first: 'Is approved; webhooks arrive before the answers',
  tok_webhook_late: 'Is under way; a webhook tells a little later that it is approved',
  tok_webhook_twice: 'Is approved; each webhook arrives twice',
  tok_webhook_out_of_order: 'Is approved; the webhook of the authorization arrives after all others',
  tok_refund_fails_later: 'Is approved; refunds succeed, and fail a day later',
  tok_expires: 'Is approved; what is not captured expires in a minute',
  tok_dispute_won: "Is approved; the payer's bank takes the money back a little later, and returns it",
  tok_dispute_lost: "Is approved; the payer's bank takes the money back a little later, and keeps it",
} as const
export type SandboxToken = keyof typeof sandboxTokens

export type SandboxOperation = Readonly<{
  /** The idempotency key. */
  id: string
  kind: 'capture' | 'void' | 'refund'
  amount: number
  isFinal: boolean
  atMs: number
  /** When a refund that has succeeded fails. */
  failsAtMs?: number
}>

/** The payer's bank takes money back: what of it was captured and not refunded when it does. */
export type SandboxDispute = Readonly<{
  openedAtMs: number
  closedAtMs: number
  amount: number
  outcome: 'won' | 'lost'
}>

export type SandboxPayment = Readonly<{
  ref: string
  paymentId: string
  orderUid: string
  token: SandboxToken
  currency: string
  amount: number
  capture: CaptureMode
  /** Where the payer goes after the payment page. */
  returnUrl?: string
  createdAtMs: number
  /** `waits` and `confirms` are for the payer: first on the payment page, then by a confirmation. */
  payer: 'waits' | 'confirms' | 'approved' | 'declined'
  /** When an approved payment is authorized; 0: at once, whichever instance's clock is ahead. */
  approvedAtMs: number
  /** When what is not captured expires. */
  expiresAtMs: number
  operations: readonly SandboxOperation[]
  dispute?: SandboxDispute
}>

/** How long the sandbox takes for what happens later, in milliseconds. */
export type SandboxTimes = Readonly<{ laterMs: number; expiresAfterMs: number; refundFailsAfterMs: number }>
/** How long authorizations hold, but for those that are to expire. */
const authorizedForMs = 7 * 86_400_000
export const sandboxTimes: SandboxTimes = { laterMs: 5_000, expiresAfterMs: 60_000, refundFailsAfterMs: 86_400_000 }

/** What was captured in all. */
export function capturedOf({ operations, ...payment }: SandboxPayment, nowMs: number): number {
  if (stateOf(payment, nowMs) !== 'authorized') return 0
  if (payment.capture === 'automatic') return payment.amount
  return sumOf(operations.filter(({ kind }) => kind === 'capture'))
}

/** What was refunded in all, and has not failed. */
function refundedOf({ operations }: SandboxPayment, nowMs: number): number {
  return sumOf(operations.filter(({ kind, failsAtMs = Infinity }) => kind === 'refund' && failsAtMs > nowMs))
}

function sumOf(operations: readonly SandboxOperation[]): number {
  return operations.reduce((sum, { amount }) => sum + amount, 0)
}

/** How far the authorization is, whatever became of it then. */
export function stateOf({ payer, approvedAtMs }: Pick<SandboxPayment, 'payer' | 'approvedAtMs'>, nowMs: number) {
  if (payer === 'declined') return 'declined'
  if (payer !== 'approved') return 'requires_action'
  return nowMs < approvedAtMs ? 'processing' : 'authorized'
}

/** Whether what is not captured was released, and how. */
export function releaseOf(payment: SandboxPayment, nowMs: number): 'voided' | 'expired' | undefined {
  const isVoided = payment.operations.some(({ kind, isFinal }) => kind === 'void' || isFinal)
  if (payment.payer !== 'approved') return isVoided ? 'voided' : undefined
  if (capturedOf(payment, nowMs) === payment.amount) return undefined
  if (isVoided) return 'voided'
  return nowMs >= payment.expiresAtMs ? 'expired' : undefined
}

/** The payment as the shop is told of it. @param actionUrl of the payment page */
export function reportOf(payment: SandboxPayment, nowMs: number, actionUrl: string): PaymentReport {
  const { ref, paymentId, orderUid, currency } = payment
  return {
    providerRef: ref,
    paymentId,
    orderUid,
    currency,
    authorization: authorizationOf(payment, nowMs, actionUrl),
    captured: capturedOf(payment, nowMs),
    refunds: payment.operations.filter(({ kind }) => kind === 'refund').map(refund => refundOf(refund, nowMs)),
    disputes: disputesOf(payment, nowMs),
  }
}

function authorizationOf(payment: SandboxPayment, nowMs: number, actionUrl: string): AuthorizationReport {
  const state = stateOf(payment, nowMs)
  const released = releaseOf(payment, nowMs)
  if (released !== undefined) return { state: released, amount: state === 'authorized' ? payment.amount : 0 }
  if (state === 'declined') return { state: 'failed', failure: declined }
  if (state === 'requires_action') return { state, nextAction: { type: 'redirect', url: actionUrl } }
  if (state === 'processing') return { state }
  const isHeld = capturedOf(payment, nowMs) < payment.amount
  return { state, amount: payment.amount, untilMs: isHeld ? payment.expiresAtMs : undefined }
}

/** A key stands for one request for ever. */
export const keyReused: Failure = {
  code: 'idempotency_key_reused',
  message: 'This idempotency key belongs to another request',
}
export const declined: Failure = { code: 'declined', message: 'The payment was declined' }

function refundOf({ id, amount, failsAtMs = Infinity }: SandboxOperation, nowMs: number): MovementReport {
  const movement = { ref: `ref_${id}`, operationId: id, amount }
  if (nowMs < failsAtMs) return { ...movement, state: 'succeeded' }
  const failure = { code: 'account_closed', message: "The payer's account is closed" }
  return { ...movement, state: 'failed', failure }
}

function disputesOf({ ref, dispute, ...payment }: SandboxPayment, nowMs: number): DisputeReport[] {
  if (dispute === undefined || nowMs < dispute.openedAtMs) return []
  const refunded = sumOf(payment.operations.filter(({ kind, atMs }) => kind === 'refund' && atMs < dispute.openedAtMs))
  const amount = dispute.amount - refunded
  if (amount <= 0) return []
  return [{ ref: `dp_${ref}`, amount, state: nowMs < dispute.closedAtMs ? 'open' : dispute.outcome }]
}

/** What the payer's bank holds or has kept. */
function disputedOf(payment: SandboxPayment, nowMs: number): number {
  const disputes = disputesOf(payment, nowMs).filter(({ state }) => state !== 'won')
  return disputes.reduce((sum, { amount }) => sum + amount, 0)
}

/** A new payment. @param ref what the sandbox calls it */
export function openPayment(
  request: Pick<
    SandboxPayment,
    'ref' | 'paymentId' | 'orderUid' | 'token' | 'currency' | 'amount' | 'capture' | 'returnUrl'
  >,
  nowMs: number,
  times: SandboxTimes,
): SandboxPayment {
  const { token } = request
  const payer = token === 'tok_decline' ? 'declined' : token === 'tok_action' ? 'waits' : 'approved'
  const isLate = token === 'tok_timeout' || token === 'tok_webhook_late'
  const opened = { ...request, createdAtMs: nowMs, payer, approvedAtMs: isLate ? nowMs + times.laterMs : 0 } as const
  const expiresAtMs = nowMs + (token === 'tok_expires' ? times.expiresAfterMs : authorizedForMs)
  return withDispute({ ...opened, expiresAtMs, operations: [] }, nowMs, times)
}

/** The money that can be disputed is the first that is captured. */
function withDispute(payment: SandboxPayment, nowMs: number, { laterMs }: SandboxTimes): SandboxPayment {
  const { token, dispute } = payment
  const amount = capturedOf(payment, nowMs)
  if (dispute !== undefined || amount === 0) return payment
  if (token !== 'tok_dispute_won' && token !== 'tok_dispute_lost') return payment
  const openedAtMs = nowMs + laterMs
  const outcome = token === 'tok_dispute_won' ? 'won' : 'lost'
  return { ...payment, dispute: { openedAtMs, closedAtMs: openedAtMs + laterMs, amount, outcome } }
}

export type SandboxDecision =
  | { kind: 'changed'; payment: SandboxPayment }
  /** It was done before, by the same key. */
  | { kind: 'unchanged' }
  | { kind: 'refused'; failure: Failure }

const refused = (code: string, message: string): SandboxDecision => ({ kind: 'refused', failure: { code, message } })
const changed = (payment: SandboxPayment): SandboxDecision => ({ kind: 'changed', payment })

/** Decides on a capture, a void or a refund. @param asked the amount of a void is 0 */
export function decideOperation(
  payment: SandboxPayment,
  asked: Pick<SandboxOperation, 'id' | 'kind' | 'amount' | 'isFinal'>,
  nowMs: number,
  times: SandboxTimes,
): SandboxDecision {
  const known = payment.operations.find(({ id }) => id === asked.id)
  if (known !== undefined) {
    const isSame = known.kind === asked.kind && known.amount === asked.amount && known.isFinal === asked.isFinal
    return isSame ? { kind: 'unchanged' } : { kind: 'refused', failure: keyReused }
  }
  const refusal = refusalOf(payment, asked, nowMs)
  if (refusal !== undefined) return refusal
  const failsLater = asked.kind === 'refund' && payment.token === 'tok_refund_fails_later'
  const operation = {
    ...asked,
    atMs: nowMs,
    ...(failsLater ? { failsAtMs: nowMs + times.refundFailsAfterMs } : {}),
  }
  const done = { ...payment, operations: [...payment.operations, operation] }
  return changed(withDispute(done, nowMs, times))
}

function refusalOf(
  payment: SandboxPayment,
  { kind, amount }: Pick<SandboxOperation, 'kind' | 'amount'>,
  nowMs: number,
): SandboxDecision | undefined {
  const state = stateOf(payment, nowMs)
  const released = releaseOf(payment, nowMs)
  const captured = capturedOf(payment, nowMs)
  if (kind === 'refund') {
    const refundable = captured - refundedOf(payment, nowMs) - disputedOf(payment, nowMs)
    return amount > refundable ? refused('refund_exceeds_captured', `At most ${refundable} can be refunded`) : undefined
  }
  if (released !== undefined) return refused(`payment_${released}`, `The authorization is ${released}`)
  if (kind === 'void' && state === 'requires_action') return undefined
  if (state !== 'authorized') return refused('payment_not_authorized', `The payment is ${state}`)
  const left = payment.amount - captured
  if (kind === 'void') return left === 0 ? refused('nothing_to_void', 'All of it is captured') : undefined
  return amount > left ? refused('capture_exceeds_authorized', `At most ${left} can be captured`) : undefined
}

export const payerChoices = ['approve', 'decline', 'confirm'] as const
export type PayerChoice = (typeof payerChoices)[number]

/** Decides on what the payer does on the payment page. @param choice `confirm`: the payer's bank asks for a confirmation first */
export function decidePayer(payment: SandboxPayment, choice: PayerChoice, nowMs: number, times: SandboxTimes) {
  if (stateOf(payment, nowMs) !== 'requires_action' || releaseOf(payment, nowMs) !== undefined) {
    return refused('payment_decided', 'The payment does not wait for the payer any more')
  }
  const payer = { approve: 'approved', decline: 'declined', confirm: 'confirms' } as const
  return changed(withDispute({ ...payment, payer: payer[choice] }, nowMs, times))
}
