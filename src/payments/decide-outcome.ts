import type { Decision, DecisionContext, OrderPayments } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { applyReport } from './decide-report.ts'
import { beginDraft, type Draft, openIssue, operationIn, paymentIn, putOperation } from './draft.ts'
import { sendBack } from './late-money.ts'
import { type Failure, isOpen, type Operation } from './payment.ts'
import { isConclusive, postponed, scheduleLook, unknownMaxMs } from './pauses.ts'
import type { CallOutcome, FetchOutcome } from './provider.ts'
import { refuseOperation } from './refusal.ts'

/** An operation that a provider was called for, and what came of the call. */
export type OutcomeInput = Readonly<{
  operationId: string
  outcome: CallOutcome
  /** When the call began, in milliseconds since 1970. */
  askedAtMs: number
}>

/**
 * Applies what came of a call. What an event or a look has settled meanwhile stays as it is.
 *
 * - A report is applied. A refusal fails the operation.
 * - An answer that is missing leaves it `unknown`, which is found out by a worker. It never becomes `failed` by its age; after ten
 *   minutes a person is told.
 * - What was not sent is tried again.
 */
export function decideOutcome(before: OrderPayments, input: OutcomeInput, context: DecisionContext): Decision {
  const { operationId, outcome, askedAtMs } = input
  const draft = beginDraft(before, context)
  const { paymentId } = operationIn(draft, operationId)
  const report = outcome.kind === 'reported' || outcome.kind === 'refused' ? outcome.report : undefined
  // A refusal is no answer that settles the operation by less than it asked for.
  const answered = outcome.kind === 'reported' ? operationId : undefined
  if (report !== undefined) applyReport(draft, { paymentId, report, answered, askedAtMs })
  const operation = operationIn(draft, operationId)
  if (!isOpen(operation)) return closeDraft(draft)
  if (outcome.kind === 'refused') refuse(draft, operation, outcome.failure)
  if (outcome.kind === 'unknown') markUnknown(draft, operation)
  if (outcome.kind === 'not_sent') putOperation(draft, postponed(operation, context, outcome.retryAfterMs))
  return closeDraft(draft)
}

/** What looking a payment up came to, where it was looked up for an operation. */
export type LookInput = Readonly<{ operationId: string; outcome: FetchOutcome; askedAtMs: number }>

/**
 * Applies what came of a look. Only a provider that says, after it has forgotten the operation's key, that it has never had the payment
 * ends the operation; `nextStepOf` has it looked up no earlier.
 */
export function decideLook(before: OrderPayments, input: LookInput, context: DecisionContext): Decision {
  const { operationId, outcome, askedAtMs } = input
  const draft = beginDraft(before, context)
  const { paymentId } = operationIn(draft, operationId)
  if (outcome.kind === 'reported') applyReport(draft, { paymentId, report: outcome.report, askedAtMs })
  const operation = operationIn(draft, operationId)
  if (!isOpen(operation)) return closeDraft(draft)
  if (outcome.kind === 'absent') endAbsent(draft, operation, askedAtMs)
  if (outcome.kind === 'unknown') markUnknown(draft, operation)
  return closeDraft(draft)
}

function refuse(draft: Draft, operation: Operation, failure: Failure): void {
  const { paymentId } = operation
  refuseOperation(draft, operation, failure)
  sendBack(draft, paymentId)
  scheduleLook(draft, paymentId)
}

const operationNames = { authorize: 'authorization', capture: 'capture', void: 'void', refund: 'refund' } as const

/** A call that the provider has not answered. What it has answered before is only waited for. */
function markUnknown(draft: Draft, operation: Operation): void {
  const { nowMs } = draft.context
  const isAnswered = operation.providerRef !== undefined
  putOperation(draft, { ...postponed(operation, draft.context), state: isAnswered ? operation.state : 'unknown' })
  if (isAnswered || nowMs - (operation.sentAtMs ?? nowMs) < unknownMaxMs) return
  const payment = paymentIn(draft, operation.paymentId)
  openIssue(draft, payment, {
    kind: 'unknown_outcome',
    subject: operation.operationId,
    amount: operation.amount,
    detail: `the provider has not told for ten minutes what came of this ${operationNames[operation.kind]}: it is being found out`,
  })
}

function endAbsent(draft: Draft, operation: Operation, askedAtMs: number): void {
  const provider = draft.context.rules.providers.get(paymentIn(draft, operation.paymentId).provider)
  const isOver = provider !== undefined && provider.isRecorded !== true && isConclusive(operation, provider, askedAtMs)
  if (isOver) refuse(draft, operation, { code: 'never_received', message: 'The provider has never received it.' })
  else markUnknown(draft, operation)
}
