import type { Decision, DecisionContext, OrderPayments } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, changePayment, type Draft, openIssue, openOperations, paymentIn, putOperation } from './draft.ts'
import { applyForeign } from './foreign-currency.ts'
import { sendBack } from './late-money.ts'
import { capPending } from './moves.ts'
import { settledOperation } from './new-payment.ts'
import { type Failure, heldOf, isWaiting, type Operation, type Payment } from './payment.ts'
import { isConclusive, postponeOpen, scheduleLook } from './pauses.ts'
import { isRecordedPayment, type PaymentReport } from './provider.ts'
import { refuseOperation } from './refusal.ts'
import { applyAuthorization, applyRelease, authorizationOf } from './report-authorization.ts'
import { applyCaptures } from './report-captures.ts'
import { applyDisputes } from './report-disputes.ts'
import { applyRefunds, isRefundIn } from './report-refunds.ts'

/** A report on a payment, and where it comes from. */
export type ReportInput = Readonly<{
  paymentId: string
  report: PaymentReport
  /** The operation that the report is the provider's answer to; undefined for what was looked up, also because of an event. */
  answered?: string | undefined
  /** When the provider was asked, before the call, in milliseconds since 1970. */
  askedAtMs: number
}>

/**
 * Applies a report: the one function for answers, events, looks and `sync`, so that their order does not matter. A report is the whole
 * of what the provider knows; what it says is a fact, and is recorded whatever we have asked for. It may come twice, and late: sums only
 * grow and operations only move on, so a report that is older than what is known adds nothing.
 *
 * An operation that a report does not have, though it was asked for after the provider had forgotten the key, never was: it fails.
 */
export function decideReport(before: OrderPayments, input: ReportInput, context: DecisionContext): Decision {
  const draft = beginDraft(before, context)
  applyReport(draft, input)
  return closeDraft(draft)
}

/** The same within a decision. */
export function applyReport(draft: Draft, { paymentId, report, answered, askedAtMs }: ReportInput): void {
  const before = paymentIn(draft, paymentId)
  if (isRecordedPayment(before, draft.context.rules.providers)) return
  if (report.currency !== before.currency) {
    applyForeign(draft, before, report)
    return
  }
  if (!belongs(draft, before, report)) {
    postponeOpen(draft, paymentId)
    return
  }
  if (before.providerRef === undefined) changePayment(draft, paymentId, { providerRef: report.providerRef })
  noteAnswer(draft, paymentId, report, answered)
  applyAuthorization(draft, paymentId, report)
  applyCaptures(draft, paymentId, report, answered)
  applyRelease(draft, paymentId, report)
  applyRefunds(draft, paymentId, report)
  applyDisputes(draft, paymentId, report)
  settleEnded(draft, paymentId)
  failForgotten(draft, paymentId, report, askedAtMs)
  capPending(draft, paymentId)
  sendBack(draft, paymentId)
  postponeOpen(draft, paymentId)
  scheduleLook(draft, paymentId)
}

/** Whether a report is one of this payment: a second one at the provider is left to a person, and confirms nothing. */
function belongs(draft: Draft, payment: Payment, report: PaymentReport): boolean {
  const { paymentId, providerRef } = payment
  if (providerRef === undefined || providerRef === report.providerRef) return true
  const { authorization, captured } = report
  const moved = Math.max(captured, authorization.state === 'authorized' ? authorization.amount : 0)
  if (moved > 0)
    openIssue(draft, payment, {
      kind: 'unmatched_money',
      subject: `${paymentId}:${report.providerRef}`,
      amount: moved,
      detail: `the provider has a second payment under this id: ${report.providerRef}`,
    })
  return false
}

/** Notes that the provider has an operation: it is looked up from now on, and not asked for again. */
function noteAnswer(draft: Draft, paymentId: string, report: PaymentReport, answered: string | undefined): void {
  for (const operation of openOperations(draft, paymentId)) {
    const { kind, operationId, state } = operation
    // Refunds are known by what the provider calls them.
    const isThere = kind === 'authorize' ? isAsked(report) : kind !== 'refund' && operationId === answered
    if (isThere && (operation.providerRef === undefined || state === 'unknown'))
      putOperation(draft, { ...operation, state: 'sent', providerRef: report.providerRef })
  }
}

/** Settles the authorization and the void of a payment that has ended. */
function settleEnded(draft: Draft, paymentId: string): void {
  const payment = paymentIn(draft, paymentId)
  if (isWaiting(payment)) return
  const { nowMs } = draft.context
  const authorization = authorizationOf(draft, paymentId)
  for (const operation of openOperations(draft, paymentId)) {
    if (operation.operationId === authorization?.operationId) {
      const wasAuthorized = payment.authorized > 0 || payment.captured > 0
      const failure: Failure = { code: payment.state, message: `The payment is ${payment.state}.` }
      const outcome = wasAuthorized ? ({ state: 'succeeded' } as const) : ({ state: 'failed', failure } as const)
      putOperation(draft, settledOperation(operation, outcome, nowMs))
    }
    if (operation.kind === 'void' && heldOf(payment) === 0) settleVoid(draft, operation, payment)
  }
}

function settleVoid(draft: Draft, operation: Operation, payment: Payment): void {
  const isTooLate = payment.captured > 0 && payment.released === 0
  if (isTooLate) {
    refuseOperation(draft, operation, { code: 'already_captured', message: 'Everything was captured before.' })
    return
  }
  putOperation(draft, settledOperation(operation, { state: 'succeeded' }, draft.context.nowMs))
}

/** Whether the provider was asked for the money: a payment of which it has no more than the name is asked for again. */
function isAsked({ authorization }: PaymentReport): boolean {
  return authorization.state !== 'created'
}

const forgotten: Failure = { code: 'never_received', message: 'The provider has never received it.' }

/** Fails operations that the provider would have, if it had received them: its word that they never were. */
function failForgotten(draft: Draft, paymentId: string, report: PaymentReport, askedAtMs: number): void {
  const provider = draft.context.rules.providers.get(paymentIn(draft, paymentId).provider)
  if (provider === undefined || provider.isRecorded === true) return
  for (const operation of openOperations(draft, paymentId)) {
    const isThere =
      operation.kind === 'authorize' ? isAsked(report) : operation.kind === 'refund' && isRefundIn(report, operation)
    if (!isThere && isConclusive(operation, provider, askedAtMs)) refuseOperation(draft, operation, forgotten)
  }
}
