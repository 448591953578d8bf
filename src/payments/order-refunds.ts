import { AppError } from '../errors.ts'
import { notFound } from '../orders/commands.ts'
import { applyChanges } from './apply-changes.ts'
import { type Decision, type DecisionContext, type OrderPayments, type Refusal, refused } from './changes.ts'
import { type ClaimedOperation, providerOf } from './claim.ts'
import { closeDraft } from './close-draft.ts'
import { apply, ask, type CommandOptions, contextAt } from './commands.ts'
import { operate } from './decide-operate.ts'
import { derivedId } from './derived-id.ts'
import { beginDraft, type Draft } from './draft.ts'
import { recordRefund } from './moves.ts'
import { requestedOperation } from './new-payment.ts'
import { isOpen, type Operation, type Payment, refundableOf } from './payment.ts'
import { isRecordedPayment } from './provider.ts'

/** Refunds of orders, which other modules decide on: out of whichever payments the order has. */

export type OrderRefund = Readonly<{
  orderUid: string
  /** Names the refund: what was begun under it is never begun again. */
  key: string
  /** More than 0, in the currency's minor unit. */
  amount: number
  /** Whether less is refunded where less can be. */
  isAtMost: boolean
  /** The items that it is for. */
  rids: readonly string[]
  reason: string
  actor: string
  traceparent: string | undefined
}>

/** What has come of a refund: `pending` while a provider has not answered, `failed` when one has refused a part. */
export type OrderRefundOutcome = Readonly<{
  state: 'succeeded' | 'pending' | 'failed'
  /** The operations that have succeeded, and what they have refunded. */
  operationIds: readonly string[]
  refunded: number
}>

export type RefundCommands = Readonly<{
  /**
   * Refunds a part of an order: stores an operation for each payment that it is taken from, and calls their providers. A refund of a payment
   * whose money people move is recorded. A repetition finds what was begun, and changes nothing.
   *
   * @throws AppError REFUND_EXCEEDS_CAPTURED, AMOUNT_UNREPRESENTABLE, ORDER_NOT_FOUND, or as `PaymentWriter.change` does
   */
  refund(refund: OrderRefund): Promise<OrderRefundOutcome>
}>

export function createRefundCommands(options: CommandOptions): RefundCommands {
  const { writer, hooks } = options
  return {
    async refund(refund) {
      const begun = await begin(options, refund)
      let { after } = begun
      for (const claimed of begun.claimed) {
        const { operationId } = claimed.operation
        await hooks.reached('stored', operationId)
        after = (await apply(options, claimed, await ask(options, claimed))).after
        await hooks.reached('applied', operationId)
      }
      return outcomeOf(after, refund)
    },
  }

  function begin({ rules }: CommandOptions, refund: OrderRefund) {
    const { orderUid, actor, traceparent } = refund
    return writer.change<{ after: OrderPayments; claimed: readonly ClaimedOperation[] }>({
      orderUid,
      decide(before, nowMs) {
        if (before === undefined) throw notFound(orderUid)
        if (operationsOf(before, refund).length > 0) return { result: { after: before, claimed: [] } }
        const context = contextAt(rules, nowMs, traceparent)
        const decision = decideRefund(before, refund, context)
        if (decision.kind === 'refused') throw new AppError(decision.code, decision.detail)
        const changes = decision.kind === 'changed' ? decision.changes : undefined
        const after = changes === undefined ? before : applyChanges(before, changes, nowMs)
        const claimed = operationsOf(after, refund).flatMap(operation => claimedBy(after, operation, context))
        return { result: { after, claimed }, changes, cause: { actor, traceparent }, after }
      },
    })
  }
}

/** The operation of a refund that is taken from a payment. */
const operationIdOf = ({ key }: Pick<OrderRefund, 'key'>, { paymentId }: Payment) =>
  derivedId('op', 'refund', key, paymentId)

/** The operations of a refund, in the order of the payments. */
function operationsOf({ payments, operations }: OrderPayments, refund: OrderRefund): Operation[] {
  const known = new Map(operations.map(operation => [operation.operationId, operation]))
  return payments.flatMap(payment => known.get(operationIdOf(refund, payment)) ?? [])
}

/** An operation that this call sends; none when nobody has to be asked. */
function claimedBy(after: OrderPayments, operation: Operation, context: DecisionContext): ClaimedOperation[] {
  const provider = providerOf(after, operation, context)
  const payment = after.payments.find(({ paymentId }) => paymentId === operation.paymentId)
  if (!isOpen(operation) || provider === undefined || payment === undefined) return []
  return [{ operation, payment, provider, step: 'call' }]
}

function outcomeOf(after: OrderPayments, refund: OrderRefund): OrderRefundOutcome {
  const operations = operationsOf(after, refund)
  const done = operations.filter(({ state }) => state === 'succeeded')
  const isPending = operations.some(isOpen)
  return {
    state: isPending ? 'pending' : done.length === operations.length ? 'succeeded' : 'failed',
    operationIds: done.map(({ operationId }) => operationId),
    refunded: done.reduce((total, { amount }) => total + amount, 0),
  }
}

/** Takes a refund from the payments of an order, oldest first, each as far as it can be refunded. Pure. */
export function decideRefund(before: OrderPayments, refund: OrderRefund, context: DecisionContext): Decision {
  const refundable = before.payments.reduce((total, payment) => total + refundableOf(payment), 0)
  if (refundable === 0 || (refund.amount > refundable && !refund.isAtMost))
    return refused('REFUND_EXCEEDS_CAPTURED', `${refundable} can be refunded of the order`)
  const draft = beginDraft(before, context)
  let left = Math.min(refund.amount, refundable)
  for (const payment of before.payments) {
    const amount = Math.min(left, refundableOf(payment))
    if (amount === 0) continue
    const refusal = takeFrom(draft, payment, { ...refund, amount })
    if (refusal !== undefined) return refusal
    left -= amount
  }
  return closeDraft(draft)
}

function takeFrom(draft: Draft, payment: Payment, refund: OrderRefund): Refusal | undefined {
  const { context } = draft
  const { amount, reason, actor, rids } = refund
  const { paymentId } = payment
  const asked = { operationId: operationIdOf(refund, payment), kind: 'refund' as const, amount, reason, actor, rids }
  if (!isRecordedPayment(payment, context.rules.providers)) return operate(draft, { paymentId, ...asked })
  recordRefund(draft, requestedOperation(payment, asked, context), amount)
  return undefined
}
