import type { EventDefinition } from '../events/definition.ts'
import type { Transfer } from '../ledger/transfer.ts'
import type { LockedOrder } from '../orders/command-queries.ts'
import type { PaymentStatus } from '../orders/order.ts'
import type { Operation, Payment } from './payment.ts'
import type { IssueKind } from './views.ts'

/** An order with all of its payments: what is decided on, loaded under the order's lock. */
export type OrderPayments = Readonly<{
  /** `currency` and `amount` are the order's. */
  order: LockedOrder & Readonly<{ currency: string; amount: number }>
  payments: readonly Payment[]
  /** Every operation of them. */
  operations: readonly Operation[]
  /** Whether the sale is in the ledger. */
  isSold: boolean
  /** The disputes that were reported, by the provider's reference, with the last state. */
  disputes: ReadonlyMap<string, StoredDispute>
  /** The issues that were ever opened about them, by `issueKey`: none is opened twice. */
  issues: ReadonlySet<string>
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
  /** What becomes of the order; undefined when nothing does. `confirm`: it is confirmed with it. */
  order: { paymentStatus: PaymentStatus; confirm: boolean; pendingUntilMs: number | undefined } | undefined
  isSold: boolean
}>
