/** Payments of orders and what is asked of their providers: the values, and what follows from them alone. Amounts are in minor units. */

export const paymentStates = [
  'requires_action',
  'processing',
  'authorized',
  'captured',
  'partially_captured',
  'failed',
  'voided',
  'expired',
] as const
export type PaymentState = (typeof paymentStates)[number]

export const captureModes = ['automatic', 'manual'] as const
export type CaptureMode = (typeof captureModes)[number]

export const operationKinds = ['authorize', 'capture', 'void', 'refund'] as const
export type OperationKind = (typeof operationKinds)[number]

export const operationStates = ['requested', 'sent', 'succeeded', 'failed', 'unknown'] as const
export type OperationState = (typeof operationStates)[number]

/** What the payer has to do, such as following a link. */
export type NextAction = Readonly<{ type: 'redirect'; url: string }>

/** Why a provider refused: a code for programs, and a sentence without card or recipient data. */
export type Failure = Readonly<{ code: string; message: string }>

/** A payment of an order. */
export type Payment = Readonly<{
  orderUid: string
  paymentId: string
  provider: string
  /** What the provider calls it; undefined until the provider has answered. */
  providerRef: string | undefined
  currency: string
  /** What is to be authorized. */
  amount: number
  capture: CaptureMode
  state: PaymentState
  /** What was authorized in all, also what is captured or released by now. */
  authorized: number
  captured: number
  /** Authorized, and voided or expired without being captured. */
  released: number
  refunded: number
  /** What the payer's bank has taken back. */
  disputed: number
  /** Captured beyond what was authorized, as the provider reported it. */
  overcaptured: number
  /**
   * The part of what was captured, and of what was refunded, that is not the order's: it came for an order that is cancelled or
   * expired, or beyond the order's amount. It is booked to suspense, and does not count in the order's totals.
   */
  suspended: number
  suspendedRefunded: number
  /** Of what is authorized and neither captured nor released, the part that is not the order's, for the same reasons. */
  suspendedAuthorized: number
  /** Of what is suspended, the part that a person has decided to keep. It is booked to revenue. */
  accepted: number
  /** Paid back and taken back beyond what was captured, as the provider reported it, such as a dispute of a refunded payment. */
  overdrawn: number
  /** Asked for, and not settled. */
  pendingCapture: number
  pendingRefund: number
  nextAction: NextAction | undefined
  authorizedUntilMs: number | undefined
  failure: Failure | undefined
  /** The sequence of its last event; 0 before the first. */
  version: number
  createdAtMs: number
  updatedAtMs: number
  /** When the provider is to be asked again although no operation is open: the payer or the provider has something to do. */
  nextLookAtMs: number | undefined
}>

/** What is asked of a provider. It is stored before the call; its id is the provider's idempotency key for ever. */
export type Operation = Readonly<{
  orderUid: string
  paymentId: string
  operationId: string
  kind: OperationKind
  amount: number
  /** A capture that releases what is left of the authorization. */
  isFinal: boolean
  state: OperationState
  reason: string
  actor: string
  /** The items that a refund is for. */
  rids: readonly string[]
  methodToken: string | undefined
  returnUrl: string | undefined
  providerRef: string | undefined
  failure: Failure | undefined
  /** Calls so far. */
  attempts: number
  requestedAtMs: number
  sentAtMs: number | undefined
  settledAtMs: number | undefined
  nextAttemptAtMs: number | undefined
  traceparent: string | undefined
}>

/** What the payments of an order come to. */
export type PaymentTotals = Readonly<{
  currency: string
  /** Of the order. */
  amount: number
  /** Asked of a provider, and neither authorized nor failed. */
  open: number
  /** And neither captured nor released. */
  authorized: number
  captured: number
  refunded: number
  disputed: number
  /** Whether the sale is in the ledger. */
  isSold: boolean
}>

/** What can be asked of a payment now. */
export const paymentActions = ['capture', 'void', 'refund', 'sync', 'record'] as const
export type PaymentAction = (typeof paymentActions)[number]

/** Whether an operation's outcome is not known yet. */
export function isOpen({ state }: Operation): boolean {
  return state === 'requested' || state === 'sent' || state === 'unknown'
}

/** Whether the payer or the provider has still to decide whether there is any money. */
export function isWaiting({ state }: Payment): boolean {
  return state === 'processing' || state === 'requires_action'
}

/** What is authorized and neither captured nor released. */
export function heldOf({ authorized, overcaptured, captured, released }: Payment): number {
  return authorized + overcaptured - captured - released
}

/** What can still be captured. What is held beyond the order's amount, or for an order that is over, can not. */
export function capturableOf(payment: Payment): number {
  return Math.max(0, heldOf(payment) - payment.suspendedAuthorized - payment.pendingCapture)
}

/** What can still be refunded. What is disputed is with the payer's bank already. */
export function refundableOf({ captured, refunded, pendingRefund, disputed }: Payment): number {
  return Math.max(0, captured - refunded - pendingRefund - disputed)
}

/** Money that is not the order's, and that nobody has decided on: neither paid back nor accepted. */
export function suspendedLeftOf({ suspended, suspendedRefunded, accepted }: Payment): number {
  return suspended - suspendedRefunded - accepted
}
