import type { EventDefinition } from '../events/definition.ts'
import type { Transfer, TransferKind } from '../ledger/transfer.ts'
import type { OrderStatus } from '../orders/order.ts'
import {
  type Changes,
  type DecisionContext,
  issueKey,
  type NewIssue,
  type OrderPayments,
  type StoredDispute,
} from './changes.ts'
import { paymentData } from './events.ts'
import { isOpen, type Operation, type OperationKind, type Payment } from './payment.ts'
import type { IssueKind } from './views.ts'

/** A decision in the making: the payments as they are so far, and what has come of it. It lives within one decision only. */
export type Draft = {
  readonly before: OrderPayments
  readonly context: DecisionContext
  /** The status that the order had before what is decided on. */
  readonly statusBefore: OrderStatus
  readonly payments: Map<string, Payment>
  readonly operations: Map<string, Operation>
  readonly disputes: Map<string, StoredDispute>
  readonly changedPayments: Set<string>
  readonly changedOperations: Set<string>
  readonly changedDisputes: Set<string>
  readonly transfers: Transfer[]
  readonly events: { payment: Payment; definition: EventDefinition; data: Record<string, unknown> }[]
  readonly issues: Map<string, NewIssue>
  readonly settled: Map<string, Pick<NewIssue, 'kind' | 'subject'>>
  /** The issue that a person resolves by what is decided. */
  resolved: Changes['resolved']
  /** What captures have credited to the receivable. */
  receivableCredited: number
  /** What captures have suspended, until it is sent back. */
  newlySuspended: number
  /** What has changed the money of the order last, for the ids of what is booked with it. */
  cause: string
  /** Why the order changes, for its history. */
  reason: string
}

/** Begins a decision. @param statusBefore when the order's status has changed just now */
export function beginDraft(
  before: OrderPayments,
  context: DecisionContext,
  statusBefore: OrderStatus = before.order.state.status,
): Draft {
  return {
    before,
    context,
    statusBefore,
    payments: new Map(before.payments.map(payment => [payment.paymentId, payment])),
    operations: new Map(before.operations.map(operation => [operation.operationId, operation])),
    disputes: new Map(before.disputes.map(dispute => [disputeKey(dispute), dispute])),
    changedPayments: new Set(),
    changedOperations: new Set(),
    changedDisputes: new Set(),
    transfers: [],
    events: [],
    issues: new Map(),
    settled: new Map(),
    resolved: undefined,
    receivableCredited: 0,
    newlySuspended: 0,
    cause: before.order.orderUid,
    reason: '',
  }
}

/** What a dispute is known by within an order. */
export function disputeKey({ paymentId, ref }: Pick<StoredDispute, 'paymentId' | 'ref'>): string {
  return `${paymentId} ${ref}`
}

/** The payment as it is so far. @throws RangeError when the order has none of that id: its caller has looked it up */
export function paymentIn(draft: Draft, paymentId: string): Payment {
  const payment = draft.payments.get(paymentId)
  if (payment === undefined) throw new RangeError(`the order has no payment ${paymentId}`)
  return payment
}

/** The operation as it is so far. @throws RangeError when the order has none of that id */
export function operationIn(draft: Draft, operationId: string): Operation {
  const operation = draft.operations.get(operationId)
  if (operation === undefined) throw new RangeError(`the order has no operation ${operationId}`)
  return operation
}

/** The open operations of a payment, oldest first. */
export function openOperations(draft: Draft, paymentId: string, kind?: OperationKind): Operation[] {
  const open: Operation[] = []
  for (const operation of draft.operations.values()) {
    const isAsked = operation.paymentId === paymentId && (kind === undefined || operation.kind === kind)
    if (isAsked && isOpen(operation)) open.push(operation)
  }
  return open
}

/** Changes a payment. @returns it as it is then */
export function changePayment(draft: Draft, paymentId: string, change: Partial<Payment>): Payment {
  const payment = paymentIn(draft, paymentId)
  return putPayment(draft, { ...payment, ...change })
}

/** Adds a payment, or replaces it. */
export function putPayment(draft: Draft, payment: Payment): Payment {
  draft.payments.set(payment.paymentId, payment)
  draft.changedPayments.add(payment.paymentId)
  return payment
}

/** Adds an operation, or replaces it. */
export function putOperation(draft: Draft, operation: Operation): Operation {
  draft.operations.set(operation.operationId, operation)
  draft.changedOperations.add(operation.operationId)
  return operation
}

/** Adds a dispute, or replaces it. */
export function putDispute(draft: Draft, dispute: StoredDispute): void {
  draft.disputes.set(disputeKey(dispute), dispute)
  draft.changedDisputes.add(disputeKey(dispute))
}

/** Tells of a payment as it is so far: its next version. */
export function emit(
  draft: Draft,
  paymentId: string,
  definition: EventDefinition,
  more: Record<string, unknown> = {},
): void {
  const { version, updatedAtMs } = paymentIn(draft, paymentId)
  const payment = changePayment(draft, paymentId, {
    version: version + 1,
    // That of its last event, by which the log is cut. The clock may have been set back.
    updatedAtMs: Math.max(updatedAtMs, draft.context.nowMs),
  })
  draft.events.push({ payment, definition, data: { ...paymentData(payment), ...more } })
}

/** Books a transfer of a payment, unless its amount is 0. */
export function book(
  draft: Draft,
  payment: Payment,
  {
    kind,
    transferId,
    amount,
    operationId,
  }: Pick<Transfer, 'transferId' | 'operationId'> & { kind: TransferKind; amount: number },
): void {
  if (amount === 0) return
  draft.transfers.push({
    transferId,
    kind,
    provider: payment.provider,
    currency: payment.currency,
    amount,
    orderUid: payment.orderUid,
    paymentId: payment.paymentId,
    operationId,
    orders: undefined,
    recordedAt: new Date(draft.context.nowMs),
  })
}

/** Opens an issue about a payment, once for each kind and subject. */
export function openIssue(
  draft: Draft,
  payment: Payment,
  { kind, subject, amount, detail }: { kind: IssueKind; subject: string; amount: number | undefined; detail: string },
): void {
  const key = issueKey({ kind, subject })
  if (draft.before.issues.has(key) || draft.issues.has(key)) return
  const { paymentId, orderUid, provider, currency } = payment
  draft.issues.set(key, { kind, subject, paymentId, orderUid, provider, currency, amount: amount || undefined, detail })
}

/** Settles an issue if there is one: nothing is left for a person. One that a person resolves just now has been settled by that. */
export function settleIssue(draft: Draft, kind: IssueKind, subject: string): void {
  const key = issueKey({ kind, subject })
  draft.issues.delete(key)
  if (draft.resolved !== undefined && issueKey(draft.resolved) === key) return
  if (draft.before.issues.has(key)) draft.settled.set(key, { kind, subject })
}
