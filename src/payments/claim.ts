import { closeDraft } from './close-draft.ts'
import type { Changes, DecisionContext, OrderPayments } from './changes.ts'
import { beginDraft, operationIn, putOperation } from './draft.ts'
import { isForeign } from './foreign-currency.ts'
import { sentOperation } from './new-payment.ts'
import { nextStepOf, postponed } from './pauses.ts'
import { isOpen, type Operation, type Payment } from './payment.ts'
import type { CalledProvider } from './provider.ts'

/** An operation that is marked as sent: its holder calls the provider, and nobody else does until the time for that is over. */
export type ClaimedOperation = Readonly<{
  payment: Payment
  operation: Operation
  provider: CalledProvider
  /** Whether the operation is asked for, or its payment looked up. */
  step: 'call' | 'look'
}>

/** Attempts are never due that far ahead, in milliseconds: the clock was set back, and what was to come then is due now. */
const farAheadMs = 25 * 60 * 60_000

/** Whether an open operation is due. */
export function isDue({ nextAttemptAtMs }: Operation, nowMs: number): boolean {
  if (nextAttemptAtMs === undefined) return false
  return nextAttemptAtMs <= nowMs || nextAttemptAtMs > nowMs + farAheadMs
}

/** The bounds that `isDue` compares with, for a query: due are operations up to the first, and beyond the second. */
export function dueBounds(nowMs: number): [Date, Date] {
  return [new Date(nowMs), new Date(nowMs + farAheadMs)]
}

/**
 * Claims an open operation that is due. Pure: the claim is made by saving it, under the order's lock.
 *
 * @param isClockRight see `nextStepOf`
 * @returns undefined when it is settled, or not due: another instance has it
 */
export function claimOperation(
  before: OrderPayments,
  operationId: string,
  context: DecisionContext,
  isClockRight: boolean,
): { changes: Changes | undefined; claimed: ClaimedOperation | undefined } | undefined {
  const found = before.operations.find(operation => operation.operationId === operationId)
  if (found === undefined || !isOpen(found) || !isDue(found, context.nowMs)) return undefined
  const draft = beginDraft(before, context)
  const provider = providerOf(before, found, context)
  // What is asked of a provider that is not configured any more waits for it.
  putOperation(draft, provider === undefined ? postponed(found, context) : sentOperation(found, context.nowMs))
  const decision = closeDraft(draft)
  const changes = decision.kind === 'changed' ? decision.changes : undefined
  const payment = before.payments.find(({ paymentId }) => paymentId === found.paymentId)
  if (provider === undefined || payment === undefined) return { changes, claimed: undefined }
  const step = nextStepOf(found, provider, context.nowMs, isClockRight && !isForeign(before, found))
  return { changes, claimed: { payment, operation: operationIn(draft, operationId), provider, step } }
}

/** The provider that is called for an operation; undefined when none is configured. */
export function providerOf(
  { payments }: Pick<OrderPayments, 'payments'>,
  { paymentId }: Pick<Operation, 'paymentId'>,
  { rules }: Pick<DecisionContext, 'rules'>,
): CalledProvider | undefined {
  const payment = payments.find(({ paymentId: id }) => id === paymentId)
  const provider = payment && rules.providers.get(payment.provider)
  return provider === undefined || provider.isRecorded === true ? undefined : provider
}
