import type { DecisionContext } from './changes.ts'
import type { Operation, Payment } from './payment.ts'

/** Payments and operations as they begin. */

/** A payment of which nothing is known yet. */
export function newPayment(
  begun: Pick<Payment, 'orderUid' | 'paymentId' | 'provider' | 'currency' | 'amount' | 'capture'>,
  nowMs: number,
): Payment {
  return {
    ...begun,
    providerRef: undefined,
    state: 'processing',
    authorized: 0,
    captured: 0,
    released: 0,
    refunded: 0,
    disputed: 0,
    overcaptured: 0,
    suspended: 0,
    suspendedRefunded: 0,
    suspendedAuthorized: 0,
    accepted: 0,
    overdrawn: 0,
    pendingCapture: 0,
    pendingRefund: 0,
    nextAction: undefined,
    authorizedUntilMs: undefined,
    failure: undefined,
    version: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    nextLookAtMs: undefined,
  }
}

/** What an operation is asked for with. */
export type Asked = Pick<Operation, 'operationId' | 'kind' | 'amount' | 'reason' | 'actor'> &
  Partial<Pick<Operation, 'isFinal' | 'rids' | 'methodToken' | 'returnUrl'>>

/** How long a caller that has marked an operation as sent has for the call, before another one takes the operation up. */
export const callLeaseMs = 30_000

/** An operation that is due: a worker sends it. */
export function requestedOperation(payment: Payment, asked: Asked, { nowMs, traceparent }: DecisionContext): Operation {
  return {
    orderUid: payment.orderUid,
    paymentId: payment.paymentId,
    isFinal: false,
    rids: [],
    methodToken: undefined,
    returnUrl: undefined,
    ...asked,
    state: 'requested',
    providerRef: undefined,
    failure: undefined,
    attempts: 0,
    requestedAtMs: nowMs,
    sentAtMs: undefined,
    settledAtMs: undefined,
    nextAttemptAtMs: nowMs,
    traceparent,
  }
}

/**
 * An operation that the caller sends as soon as this is committed. Should the caller die, it is due when its lease is over.
 *
 * @param operation as it was; a worker that claims an open operation to call the provider again changes it in the same way
 */
export function sentOperation(operation: Operation, nowMs: number): Operation {
  return {
    ...operation,
    state: operation.state === 'requested' ? 'sent' : operation.state,
    attempts: operation.attempts + 1,
    sentAtMs: operation.sentAtMs ?? nowMs,
    nextAttemptAtMs: nowMs + callLeaseMs,
  }
}

/** An operation whose outcome is known. What the provider authorizes by is not needed any more. */
export function settledOperation(
  operation: Operation,
  outcome: Pick<Operation, 'state'> & Partial<Pick<Operation, 'amount' | 'failure' | 'providerRef'>>,
  nowMs: number,
): Operation {
  return {
    ...operation,
    failure: undefined,
    ...outcome,
    settledAtMs: nowMs,
    nextAttemptAtMs: undefined,
    methodToken: undefined,
  }
}
