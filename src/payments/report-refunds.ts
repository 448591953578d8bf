import { amountText } from '../platform/amount-text.ts'
import { type Draft, openIssue, paymentIn, putOperation } from './draft.ts'
import { derivedId } from './derived-id.ts'
import { capPending, recordRefund, recordRefundReversal, tellRefundFailed } from './moves.ts'
import { requestedOperation, settledOperation } from './new-payment.ts'
import type { Failure, Operation } from './payment.ts'
import type { MovementReport, PaymentReport } from './provider.ts'

/**
 * Applies what a report says of refunds: each only moves forward, from pending to succeeded, and to failed from both. One that we have
 * not asked for was made at the provider, and becomes an operation of its own.
 */
export function applyRefunds(draft: Draft, paymentId: string, { refunds }: PaymentReport): void {
  for (const movement of refunds) applyRefund(draft, paymentId, movement)
}

const unnamedFailure: Failure = { code: 'refund_failed', message: 'The provider could not pay the refund out.' }

function applyRefund(draft: Draft, paymentId: string, movement: MovementReport): void {
  const { ref, amount, state, failure = unnamedFailure } = movement
  const operation = operationOf(draft, paymentId, movement) ?? externalRefund(draft, paymentId, movement)
  if (operation.state === 'succeeded') {
    if (state === 'failed') recordRefundReversal(draft, operation, failure)
    return
  }
  // A refund that the provider has called failed stays so: what says otherwise is older. One that was refused as a call may exist.
  const wasFailed = operation.state === 'failed'
  if (wasFailed && operation.providerRef === ref) return
  if (state === 'pending') {
    if (operation.providerRef !== ref || operation.state === 'unknown')
      putOperation(draft, underWay(operation, ref, draft.context.nowMs))
    return
  }
  if (state === 'failed') {
    if (wasFailed) return
    putOperation(
      draft,
      settledOperation(operation, { state: 'failed', failure, providerRef: ref }, draft.context.nowMs),
    )
    capPending(draft, paymentId)
    tellRefundFailed(draft, operation, failure)
    return
  }
  recordRefund(draft, operation, amount, ref)
  const payment = paymentIn(draft, paymentId)
  const shown = (minor: number) => amountText(minor, payment.currency)
  if (amount !== operation.amount)
    openIssue(draft, payment, {
      kind: 'amount_mismatch',
      subject: operation.operationId,
      amount,
      detail: `${shown(amount)} was refunded where ${shown(operation.amount)} was asked for`,
    })
}

/** The refund of ours that is reported: by our id or, where the provider does not return it, by what it calls the refund. */
function operationOf(draft: Draft, paymentId: string, { ref, operationId }: MovementReport): Operation | undefined {
  const refunds = [...draft.operations.values()].filter(
    operation => operation.paymentId === paymentId && operation.kind === 'refund',
  )
  const isThis = ({ providerRef }: Operation) => providerRef === undefined || providerRef === ref
  return (
    refunds.find(operation => operation.operationId === operationId && isThis(operation)) ??
    refunds.find(({ providerRef }) => providerRef === ref)
  )
}

/** A refund that was made at the provider. Its id follows from what the provider calls it. */
function externalRefund(draft: Draft, paymentId: string, { ref, amount }: MovementReport): Operation {
  const payment = paymentIn(draft, paymentId)
  const operationId = derivedId('ext', paymentId, 'refund', ref)
  const [reason, actor] = ['refunded at the provider', 'provider']
  const requested = requestedOperation(payment, { operationId, kind: 'refund', amount, reason, actor }, draft.context)
  return putOperation(draft, underWay(requested, ref, draft.context.nowMs))
}

/** A refund that the provider has, and has not paid out yet; also one that was refused as a call, and exists all the same. */
function underWay(operation: Operation, ref: string, nowMs: number): Operation {
  return {
    ...operation,
    state: 'sent',
    providerRef: ref,
    failure: undefined,
    sentAtMs: operation.sentAtMs ?? nowMs,
    settledAtMs: undefined,
    nextAttemptAtMs: operation.nextAttemptAtMs ?? nowMs,
  }
}

/** Whether a report says anything of a refund. */
export function isRefundIn(report: PaymentReport, { operationId, providerRef }: Operation): boolean {
  return report.refunds.some(
    movement => movement.operationId === operationId || (providerRef !== undefined && movement.ref === providerRef),
  )
}
