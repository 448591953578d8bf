import { AppError } from '../errors.ts'
import { notFound } from '../orders/commands.ts'
import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import { applyChanges } from './apply-changes.ts'
import { type ProviderCalls, referenceOf } from './calls.ts'
import type { Decision, DecisionContext, OrderPayments, PaymentRules } from './changes.ts'
import { type ClaimedOperation, claimOperation, providerOf } from './claim.ts'
import { decideLook, decideOutcome } from './decide-outcome.ts'
import type { Decision as Saved } from './decided-request.ts'
import { decideReport, type ReportInput } from './decide-report.ts'
import type { PaymentWriter } from './group.ts'
import type { PaymentHooks } from './hooks.ts'
import { newId } from './ids.ts'
import { isOpen } from './payment.ts'
import type { CallOutcome, FetchOutcome } from './provider.ts'

/** Something that moves money, asked for by a request with an Idempotency-Key. */
export type MoneyRequest = Readonly<{
  orderUid: string
  /** Made of the key: a repetition of the request finds what the first attempt has made. */
  operationId: string
  claim: Claim
  actor: string
  traceparent: string | undefined
  /** Decides on a first attempt. @throws AppError when the payment is not there */
  decide(before: OrderPayments, context: DecisionContext): Decision
  /** The answer, by the order with its payments as they are then. */
  answer(after: OrderPayments): StoredResponse
}>

export type PaymentCommands = Readonly<{
  /**
   * Carries out what moves money: stores the operation, calls the provider, and stores what came of it with the answer. An outcome that
   * is not known is answered as such, and found out by the worker.
   *
   * @throws AppError with the code of the refusal, ORDER_NOT_FOUND, or as `PaymentWriter.change` does
   */
  carryOut(request: MoneyRequest): Promise<StoredResponse>
  /** Goes on with an open operation that is due, unless another instance does. */
  settle(orderUid: string, operationId: string): Promise<void>
  /** Applies what a provider says of a payment. @returns the order with its payments as they are then */
  report(orderUid: string, input: ReportInput): Promise<OrderPayments>
  /** Asks the provider for a payment, and applies what it says. @returns the same; undefined when there is no such payment */
  sync(orderUid: string, paymentId: string): Promise<OrderPayments | undefined>
}>

export type CommandOptions = Readonly<{
  writer: PaymentWriter
  calls: ProviderCalls
  rules: PaymentRules
  now: () => number
  isClockRight: () => boolean
  hooks: PaymentHooks
}>

export function createPaymentCommands(options: CommandOptions): PaymentCommands {
  return {
    carryOut: request => carryOut(options, request),
    settle: (orderUid, operationId) => settle(options, orderUid, operationId),
    report: (orderUid, input) => report(options, orderUid, input),
    sync: (orderUid, paymentId) => sync(options, orderUid, paymentId),
  }
}

/** What decisions know beside the payments. */
export function contextAt(rules: PaymentRules, nowMs: number, traceparent: string | undefined): DecisionContext {
  return { rules, nowMs, traceparent, random: Math.random, newOperationId: () => newId('op') }
}

type Begun = Readonly<{ answer: StoredResponse }> | ClaimedOperation

async function carryOut(options: CommandOptions, request: MoneyRequest): Promise<StoredResponse> {
  const { writer } = options
  const { orderUid, claim } = request
  const begun = await writer.change<Begun>({
    orderUid,
    claim,
    decide(before, nowMs) {
      if (before === undefined) throw notFound(orderUid)
      return begin(options, request, before, contextAt(options.rules, nowMs, request.traceparent))
    },
  })
  const answer = 'answer' in begun ? begun.answer : await finish(options, begun, request)
  claim.isKept = true
  return answer
}

async function finish(
  options: CommandOptions,
  claimed: ClaimedOperation,
  request: MoneyRequest,
): Promise<StoredResponse> {
  const { hooks } = options
  const { operationId } = request
  await hooks.reached('stored', operationId)
  const { after, answer = request.answer(after) } = await apply(options, claimed, await ask(options, claimed), request)
  await hooks.reached('applied', operationId)
  return answer
}

/** Stores the operation, or finds the one of the first attempt. */
function begin(
  options: CommandOptions,
  request: MoneyRequest,
  before: OrderPayments,
  context: DecisionContext,
): Saved<Begun> {
  const { operationId, claim, actor, traceparent } = request
  const cause = { actor, traceparent }
  if (before.operations.some(operation => operation.operationId === operationId)) {
    const again = claimOperation(before, operationId, context, options.isClockRight())
    if (again?.claimed !== undefined) return { result: again.claimed, changes: again.changes, cause }
    const answer = request.answer(before)
    return { result: { answer }, keep: { claim, answer } }
  }
  const decision = request.decide(before, context)
  if (decision.kind === 'refused') throw new AppError(decision.code, decision.detail)
  const changes = decision.kind === 'changed' ? decision.changes : undefined
  const after = changes === undefined ? before : applyChanges(before, changes, context.nowMs)
  const operation = after.operations.find(({ operationId: id }) => id === operationId)
  const provider = operation && providerOf(after, operation, context)
  const payment = after.payments.find(({ paymentId }) => paymentId === operation?.paymentId)
  if (operation !== undefined && isOpen(operation) && provider !== undefined && payment !== undefined) {
    return { result: { operation, payment, provider, step: 'call' }, changes, cause, after }
  }
  // Nobody has to be asked: people record the money.
  const answer = request.answer(after)
  return { result: { answer }, changes, cause, keep: { claim, answer } }
}

type Asked = Readonly<{ askedAtMs: number }> &
  (Readonly<{ step: 'call'; outcome: CallOutcome }> | Readonly<{ step: 'look'; outcome: FetchOutcome }>)

/** Asks the provider, outside of every transaction and lock. */
export async function ask({ calls, hooks, now }: CommandOptions, claimed: ClaimedOperation): Promise<Asked> {
  const { provider, payment, operation, step } = claimed
  const askedAtMs = now()
  if (step === 'look') return { step, askedAtMs, outcome: await calls.look(provider, referenceOf(payment)) }
  const answered = calls.operate(provider, payment, operation)
  await hooks.reached('sent', operation.operationId)
  const outcome = await answered
  await hooks.reached('answered', operation.operationId)
  return { step, askedAtMs, outcome }
}

/** Stores what came of a call, with the answer to the request that it was made for. */
export function apply(
  options: CommandOptions,
  { operation: { orderUid, operationId } }: ClaimedOperation,
  asked: Asked,
  request?: MoneyRequest,
): Promise<Decided> {
  return decideOn(options, orderUid, request, (before, context) =>
    asked.step === 'call'
      ? decideOutcome(before, { operationId, ...asked }, context)
      : decideLook(before, { operationId, ...asked }, context),
  )
}

/** The order with its payments as they are then, and the answer that was kept. */
type Decided = Readonly<{ after: OrderPayments; answer: StoredResponse | undefined }>

function decideOn(
  { writer, rules }: CommandOptions,
  orderUid: string,
  request: MoneyRequest | undefined,
  decide: (before: OrderPayments, context: DecisionContext) => Decision,
): Promise<Decided> {
  return writer.change({
    orderUid,
    decide(before, nowMs) {
      if (before === undefined) throw notFound(orderUid)
      const decision = decide(before, contextAt(rules, nowMs, request?.traceparent))
      if (decision.kind === 'refused') throw new AppError(decision.code, decision.detail)
      const changes = decision.kind === 'changed' ? decision.changes : undefined
      const after = changes === undefined ? before : applyChanges(before, changes, nowMs)
      const answer = request?.answer(after)
      const keep = request && answer && { claim: request.claim, answer }
      const cause = request && { actor: request.actor, traceparent: request.traceparent }
      return { result: { after, answer }, changes, cause, keep, after }
    },
  })
}

async function settle(options: CommandOptions, orderUid: string, operationId: string): Promise<void> {
  const { writer, rules, isClockRight } = options
  const claimed = await writer.change({
    orderUid,
    decide(before, nowMs) {
      if (before === undefined) return { result: undefined }
      const claim = claimOperation(before, operationId, contextAt(rules, nowMs, undefined), isClockRight())
      return { result: claim?.claimed, changes: claim?.changes }
    },
  })
  if (claimed === undefined) return
  await apply(options, claimed, await ask(options, claimed))
}

async function sync(options: CommandOptions, orderUid: string, paymentId: string): Promise<OrderPayments | undefined> {
  const { writer, rules, calls, now } = options
  const before = await writer.change({ orderUid, decide: before => ({ result: before }) })
  const payment = before?.payments.find(({ paymentId: id }) => id === paymentId)
  if (before === undefined || payment === undefined) return undefined
  const provider = providerOf(before, payment, { rules })
  if (provider === undefined) return before
  const askedAtMs = now()
  const outcome = await calls.look(provider, referenceOf(payment))
  if (outcome.kind !== 'reported') return before
  return report(options, orderUid, { paymentId, report: outcome.report, askedAtMs })
}

async function report(options: CommandOptions, orderUid: string, input: ReportInput): Promise<OrderPayments> {
  const { after } = await decideOn(options, orderUid, undefined, (before, context) =>
    decideReport(before, input, context),
  )
  return after
}
