import type { EventDefinition } from '../events/definition.ts'
import type { Transfer } from '../ledger/transfer.ts'
import type { PaymentStatus } from '../orders/order.ts'
import type { LockedOrder } from '../orders/order-locks.ts'
import type { Operation, Payment, PaymentTotals } from './payment.ts'
import type { Provider } from './provider.ts'
import type { IssueAction, IssueKind } from './views.ts'

/** An order with all of its payments: what is decided on, loaded under the order's lock. */
export type OrderPayments = Readonly<{
  order: LockedOrder
  payments: readonly Payment[]
  /** Every operation of them. */
  operations: readonly Operation[]
  /** Whether the sale is in the ledger. */
  isSold: boolean
  /** The disputes that were reported, with the last state. */
  disputes: readonly StoredDispute[]
  /** The issues that were ever opened about them, by `issueKey`, each with its resolution once it has one: none is opened twice. */
  issues: ReadonlyMap<string, IssueResolution | undefined>
  /** Whether they are in the tables. A payment that the order arrived with is not, until money moves on it. */
  isStored: boolean
}>

export type StoredDispute = Readonly<{ ref: string; paymentId: string; amount: number; state: 'open' | 'won' | 'lost' }>

/** An event of a payment; its sequence is the payment's version after it. */
export type PaymentEvent = Readonly<{ payment: Payment; definition: EventDefinition; data: Record<string, unknown> }>

export type NewIssue = Readonly<{
  kind: IssueKind
  /** What it is about, such as an operation's id: one issue for each kind and subject. */
  subject: string
  paymentId: string | undefined
  orderUid: string | undefined
  provider: string
  currency: string | undefined
  amount: number | undefined
  detail: string
}>

/** What an issue is known by. */
export function issueKey({ kind, subject }: Pick<NewIssue, 'kind' | 'subject'>): string {
  return `${kind} ${subject}`
}

/** How an issue was resolved: by a person, or by itself. */
export type IssueResolution = Readonly<{ action: IssueAction | 'settled'; reason: string; actor: string; atMs: number }>

/** The resolution of an issue of which nothing is left. */
export function settledAt(atMs: number): IssueResolution {
  return { action: 'settled', reason: 'it has settled itself', actor: 'payments', atMs }
}

/** What a decision changes. It is written in the transaction that it was decided in. */
export type Changes = Readonly<{
  /** New ones, and changed ones as they are then. */
  payments: readonly Payment[]
  operations: readonly Operation[]
  disputes: readonly StoredDispute[]
  transfers: readonly Transfer[]
  events: readonly PaymentEvent[]
  issues: readonly NewIssue[]
  /** Issues that have settled themselves, by kind and subject. */
  settled: readonly Pick<NewIssue, 'kind' | 'subject'>[]
  /** The issue that a person has resolved by it. */
  resolved: (Pick<NewIssue, 'kind' | 'subject'> & IssueResolution) | undefined
  /** What becomes of the order; undefined when nothing does. */
  order: OrderEffect | undefined
  /** What the payments come to then. */
  totals: PaymentTotals
}>

/** What becomes of an order whose payments have changed. */
export type OrderEffect = Readonly<{
  paymentStatus: PaymentStatus
  /** Whether it is confirmed with it. */
  confirm: boolean
  /** How long it does not expire; undefined when no payment is under way. */
  pendingUntilMs: number | undefined
  /** Why, for its history. */
  reason: string
}>

/** What decisions know beside the payments. */
export type DecisionContext = Readonly<{
  rules: PaymentRules
  /** Milliseconds since 1970 by the clock of the database, like all times here. */
  nowMs: number
  /** From 0 (inclusive) to 1 (exclusive): for pauses. */
  random: () => number
  /** The id of a new operation: `op_` and 24 lower-case letters and digits. */
  newOperationId: () => string
  /** W3C Trace Context of what is being done. */
  traceparent: string | undefined
}>

/** What the operator has set. */
export type PaymentRules = Readonly<{
  /** CONFIRM_ON: whether an order is confirmed when its amount is captured, or when captured and authorized cover it. */
  confirmOn: 'paid' | 'covered'
  /** PAYMENT_LATE_POLICY: whether money that is not the order's is sent back at once, or waits for a person. */
  latePolicy: 'refund' | 'hold'
  /** PAYMENT_HOLD_MAX_MINUTES: how long a payment that is under way keeps its order from expiring, from its creation. */
  holdMaxMs: number
  /** Those that are configured, by name. */
  providers: ReadonlyMap<string, Provider>
}>

/** Why a decision is refused. The shell throws it as the error of that code. */
export type RefusalCode =
  | 'PAYMENT_IN_PROGRESS'
  | 'PAYMENT_EXCEEDS_ORDER'
  | 'PAYMENT_STATE_REFUSED'
  | 'PAYMENT_INVALID'
  | 'CAPTURE_EXCEEDS_AUTHORIZED'
  | 'REFUND_EXCEEDS_CAPTURED'
  | 'AMOUNT_UNREPRESENTABLE'
  | 'PROVIDER_UNKNOWN'
  | 'ISSUE_RESOLVED'

/** A sentence for the caller. */
export type Refusal = Readonly<{ kind: 'refused'; code: RefusalCode; detail: string }>

export type Decision = Refusal | Readonly<{ kind: 'unchanged' }> | Readonly<{ kind: 'changed'; changes: Changes }>

/** Makes a refusal. */
export function refused(code: RefusalCode, detail: string): Refusal {
  return { kind: 'refused', code, detail }
}
