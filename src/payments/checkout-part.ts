import { declareAttachment } from '../orders/attachment.ts'
import { initialState } from '../orders/order.ts'
import type { NewOrder } from '../orders/new-order.ts'
import type { PlacementPart } from '../orders/placement-part.ts'
import type { DecisionContext, OrderPayments, Refusal } from './changes.ts'
import { applyChanges } from './apply-changes.ts'
import { type ClaimedOperation, providerOf } from './claim.ts'
import { type BeginInput, decideBegin } from './decide-begin.ts'
import { refused } from './changes.ts'
import { newStamp, type StoredPayments } from './remembered.ts'
import { operationsTable, paymentsTable, totalsTable } from './rows.ts'
import { totalsOf } from './totals.ts'

/** The payment of an order that is begun by the transaction which places the order: its rows are there before the provider is called. */
export type OpeningPayment = Readonly<{
  kind: 'begun'
  claimed: ClaimedOperation
  /** What is stored of the order's payments with it, and their stamp. */
  stored: StoredPayments
  stamp: number
}>

const openingPayment = declareAttachment<OpeningPayment>('payment')

/** What is known of an order that is not placed yet. Amounts in the currency's minor unit. */
export type UnplacedOrder = Readonly<{ orderUid: string; currency: string; amount: number }>

/**
 * Decides on the payment of an order that is not placed yet, as `decideBegin` does on one that is.
 *
 * @returns the operation, claimed by the caller: it calls the provider when the order is placed, and the worker does when it is gone
 */
export function openPayment(
  { orderUid, currency, amount }: UnplacedOrder,
  input: BeginInput,
  context: DecisionContext,
): OpeningPayment | Refusal {
  if (context.rules.providers.get(input.provider)?.isRecorded === true) {
    return refused('PROVIDER_UNKNOWN', `payments by ${input.provider} are recorded by people, once the order is placed`)
  }
  const before: OrderPayments = {
    order: {
      ...{ orderUid, currency, amount, state: initialState(false), version: 1 },
      ...{ updatedAtMs: context.nowMs, paymentPendingUntilMs: undefined },
    },
    ...{ payments: [], operations: [], isSold: false, disputes: [], issues: new Map(), isStored: false },
  }
  const decision = decideBegin(before, input, context)
  if (decision.kind === 'refused') return decision
  const after = decision.kind === 'changed' ? applyChanges(before, decision.changes, context.nowMs) : before
  const [payment, operation] = [after.payments[0], after.operations[0]]
  const provider = operation && providerOf(after, operation, context)
  if (payment === undefined || operation === undefined || provider === undefined)
    throw new TypeError('a payment that is begun has an operation and a provider')
  const { payments, operations, isSold, disputes, issues } = after
  const stored = { payments, operations, isSold, disputes, issues }
  return { kind: 'begun', claimed: { payment, operation, provider, step: 'call' }, stored, stamp: newStamp() }
}

export const withOpeningPayment = openingPayment.to

/** The rows of the payments that orders are placed with. */
export const checkoutPart: PlacementPart = {
  rows(placed) {
    const opened = placed.flatMap(({ order }) => openingPayment.of(order) ?? none)
    if (opened.length === 0) return none
    return [
      paymentsTable.copyOf(opened.map(({ claimed }) => claimed.payment)),
      operationsTable.copyOf(opened.map(({ claimed }) => claimed.operation)),
      totalsTable.copyOf(placed.flatMap(totalsOfOrder)),
    ]
  },
}

const none: [] = []

function totalsOfOrder({ order }: NewOrder) {
  const opened = openingPayment.of(order)
  if (opened === undefined) return none
  const { orderUid, currency, amount } = order
  const { claimed, stamp } = opened
  return [{ ...totalsOf({ currency, amount }, [claimed.payment], false), orderUid, stamp }]
}
