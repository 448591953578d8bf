import type { StoredDispute } from './changes.ts'
import type { NextAction, Operation, Payment, PaymentTotals } from './payment.ts'
import { type Column, inMilliseconds as time, tableOf } from '../platform/table.ts'

/** The rows of payments, their operations and disputes, as they are written and read. */

/** An amount as a number: PostgreSQL gives a `bigint` as text, and every amount is a safe integer. */
const amount = (name: string) => `${name}::float8 as ${name}`

const sums = [
  ['authorized', 'authorized'],
  ['captured', 'captured'],
  ['released', 'released'],
  ['refunded', 'refunded'],
  ['disputed', 'disputed'],
  ['overcaptured', 'overcaptured'],
  ['suspended', 'suspended'],
  ['suspended_refunded', 'suspendedRefunded'],
  ['suspended_authorized', 'suspendedAuthorized'],
  ['accepted', 'accepted'],
  ['overdrawn', 'overdrawn'],
  ['pending_capture', 'pendingCapture'],
  ['pending_refund', 'pendingRefund'],
] as const
type Sum = (typeof sums)[number][0]

export const paymentsTable = tableOf<Payment>('payments', [
  { name: 'order_uid', type: 'text', role: 'key', of: payment => payment.orderUid },
  { name: 'payment_id', type: 'text', role: 'key', of: payment => payment.paymentId },
  { name: 'provider', type: 'text', role: 'fixed', of: payment => payment.provider },
  { name: 'provider_ref', type: 'text', of: payment => payment.providerRef },
  { name: 'currency', type: 'text', role: 'fixed', of: payment => payment.currency },
  { name: 'amount', type: 'bigint', role: 'fixed', of: payment => payment.amount },
  { name: 'capture', type: 'text', role: 'fixed', of: payment => payment.capture },
  { name: 'state', type: 'text', of: payment => payment.state },
  ...sums.map(([name, field]): Column<Payment> => ({ name, type: 'bigint', of: payment => payment[field] })),
  { name: 'next_action', type: 'text', of: ({ nextAction }) => nextAction && JSON.stringify(nextAction) },
  { name: 'authorized_until', type: 'timestamptz', of: payment => payment.authorizedUntilMs },
  { name: 'failure_code', type: 'text', of: payment => payment.failure?.code },
  { name: 'failure_message', type: 'text', of: payment => payment.failure?.message },
  { name: 'version', type: 'integer', of: payment => payment.version },
  { name: 'created_at', type: 'timestamptz', role: 'fixed', of: payment => payment.createdAtMs },
  { name: 'updated_at', type: 'timestamptz', of: payment => payment.updatedAtMs },
  { name: 'next_look_at', type: 'timestamptz', of: payment => payment.nextLookAtMs },
])

export const paymentColumns = `order_uid, payment_id, provider, provider_ref, currency, ${amount('amount')}, capture, state,
  ${sums.map(([name]) => amount(name)).join(', ')}, next_action, ${time('authorized_until')}, failure_code, failure_message, version,
  ${['created_at', 'updated_at', 'next_look_at'].map(time).join(', ')}`

export type PaymentRow = Readonly<
  Record<Sum, number> & {
    order_uid: string
    payment_id: string
    provider: string
    provider_ref: string | null
    currency: string
    amount: number
    capture: Payment['capture']
    state: Payment['state']
    next_action: string | null
    authorized_until: number | null
    failure_code: string | null
    failure_message: string | null
    version: number
    created_at: number
    updated_at: number
    next_look_at: number | null
  }
>

export function toPayment(row: PaymentRow): Payment {
  return {
    orderUid: row.order_uid,
    paymentId: row.payment_id,
    provider: row.provider,
    providerRef: row.provider_ref ?? undefined,
    currency: row.currency,
    amount: row.amount,
    capture: row.capture,
    state: row.state,
    authorized: row.authorized,
    captured: row.captured,
    released: row.released,
    refunded: row.refunded,
    disputed: row.disputed,
    overcaptured: row.overcaptured,
    suspended: row.suspended,
    suspendedRefunded: row.suspended_refunded,
    suspendedAuthorized: row.suspended_authorized,
    accepted: row.accepted,
    overdrawn: row.overdrawn,
    pendingCapture: row.pending_capture,
    pendingRefund: row.pending_refund,
    nextAction: row.next_action === null ? undefined : (JSON.parse(row.next_action) as NextAction),
    authorizedUntilMs: row.authorized_until ?? undefined,
    failure: failureOf(row),
    version: row.version,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    nextLookAtMs: row.next_look_at ?? undefined,
  }
}

function failureOf(row: Pick<PaymentRow, 'failure_code' | 'failure_message'>): Payment['failure'] {
  return row.failure_code === null ? undefined : { code: row.failure_code, message: row.failure_message ?? '' }
}

export const operationsTable = tableOf<Operation>('payment_operations', [
  { name: 'order_uid', type: 'text', role: 'key', of: operation => operation.orderUid },
  { name: 'payment_id', type: 'text', role: 'key', of: operation => operation.paymentId },
  { name: 'operation_id', type: 'text', role: 'key', of: operation => operation.operationId },
  { name: 'kind', type: 'text', role: 'fixed', of: operation => operation.kind },
  { name: 'amount', type: 'bigint', of: operation => operation.amount },
  { name: 'is_final', type: 'boolean', role: 'fixed', of: operation => operation.isFinal },
  { name: 'state', type: 'text', of: operation => operation.state },
  { name: 'reason', type: 'text', role: 'fixed', of: operation => operation.reason },
  { name: 'actor', type: 'text', role: 'fixed', of: operation => operation.actor },
  { name: 'rids', type: 'text[]', role: 'fixed', of: operation => operation.rids },
  { name: 'method_token', type: 'text', of: operation => operation.methodToken },
  { name: 'return_url', type: 'text', role: 'fixed', of: operation => operation.returnUrl },
  { name: 'provider_ref', type: 'text', of: operation => operation.providerRef },
  { name: 'failure_code', type: 'text', of: operation => operation.failure?.code },
  { name: 'failure_message', type: 'text', of: operation => operation.failure?.message },
  { name: 'attempts', type: 'integer', of: operation => operation.attempts },
  { name: 'requested_at', type: 'timestamptz', role: 'fixed', of: operation => operation.requestedAtMs },
  { name: 'sent_at', type: 'timestamptz', of: operation => operation.sentAtMs },
  { name: 'settled_at', type: 'timestamptz', of: operation => operation.settledAtMs },
  { name: 'next_attempt_at', type: 'timestamptz', of: operation => operation.nextAttemptAtMs },
  { name: 'traceparent', type: 'text', role: 'fixed', of: operation => operation.traceparent },
])

export const operationColumns = `order_uid, payment_id, operation_id, kind, ${amount('amount')}, is_final, state, reason, actor, rids,
  method_token, return_url, provider_ref, failure_code, failure_message, attempts,
  ${['requested_at', 'sent_at', 'settled_at', 'next_attempt_at'].map(time).join(', ')}, traceparent`

export type OperationRow = Readonly<{
  order_uid: string
  payment_id: string
  operation_id: string
  kind: Operation['kind']
  amount: number
  is_final: boolean
  state: Operation['state']
  reason: string
  actor: string
  rids: readonly string[]
  method_token: string | null
  return_url: string | null
  provider_ref: string | null
  failure_code: string | null
  failure_message: string | null
  attempts: number
  requested_at: number
  sent_at: number | null
  settled_at: number | null
  next_attempt_at: number | null
  traceparent: string | null
}>

export function toOperation(row: OperationRow): Operation {
  return {
    orderUid: row.order_uid,
    paymentId: row.payment_id,
    operationId: row.operation_id,
    kind: row.kind,
    amount: row.amount,
    isFinal: row.is_final,
    state: row.state,
    reason: row.reason,
    actor: row.actor,
    rids: row.rids,
    methodToken: row.method_token ?? undefined,
    returnUrl: row.return_url ?? undefined,
    providerRef: row.provider_ref ?? undefined,
    failure: failureOf(row),
    attempts: row.attempts,
    requestedAtMs: row.requested_at,
    sentAtMs: row.sent_at ?? undefined,
    settledAtMs: row.settled_at ?? undefined,
    nextAttemptAtMs: row.next_attempt_at ?? undefined,
    traceparent: row.traceparent ?? undefined,
  }
}

export type OrderDispute = StoredDispute & Readonly<{ orderUid: string; updatedAtMs: number }>

export const disputesTable = tableOf<OrderDispute>('payment_disputes', [
  { name: 'order_uid', type: 'text', role: 'key', of: dispute => dispute.orderUid },
  { name: 'payment_id', type: 'text', role: 'key', of: dispute => dispute.paymentId },
  { name: 'dispute_ref', type: 'text', role: 'key', of: dispute => dispute.ref },
  { name: 'amount', type: 'bigint', of: dispute => dispute.amount },
  { name: 'state', type: 'text', of: dispute => dispute.state },
  { name: 'updated_at', type: 'timestamptz', of: dispute => dispute.updatedAtMs },
])

/** Of an issue: what it is known by, and how it was resolved. */
export const issueColumns = `kind, subject, action, reason, actor, ${time('resolved_at')}`

export const disputeColumns = `order_uid, payment_id, dispute_ref, ${amount('amount')}, state`

export type DisputeRow = Readonly<{
  order_uid: string
  payment_id: string
  dispute_ref: string
  amount: number
  state: StoredDispute['state']
}>

export function toDispute(row: DisputeRow): StoredDispute {
  return { ref: row.dispute_ref, paymentId: row.payment_id, amount: row.amount, state: row.state }
}

export type OrderTotals = PaymentTotals & Readonly<{ orderUid: string; stamp: number }>

export const totalsTable = tableOf<OrderTotals>('payment_totals', [
  { name: 'order_uid', type: 'text', role: 'key', of: totals => totals.orderUid },
  { name: 'currency', type: 'text', role: 'fixed', of: totals => totals.currency },
  { name: 'amount', type: 'bigint', role: 'fixed', of: totals => totals.amount },
  { name: 'open', type: 'bigint', of: totals => totals.open },
  { name: 'authorized', type: 'bigint', of: totals => totals.authorized },
  { name: 'captured', type: 'bigint', of: totals => totals.captured },
  { name: 'refunded', type: 'bigint', of: totals => totals.refunded },
  { name: 'disputed', type: 'bigint', of: totals => totals.disputed },
  { name: 'is_sold', type: 'boolean', of: totals => totals.isSold },
  { name: 'stamp', type: 'bigint', of: totals => totals.stamp },
])
