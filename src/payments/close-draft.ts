import type { Changes, Decision, OrderEffect } from './changes.ts'
import { book, type Draft, settleIssue } from './draft.ts'
import { heldOf, isOpen, type Payment, type PaymentTotals, refundableOf, suspendedLeftOf } from './payment.ts'
import { isRecordedPayment } from './provider.ts'
import { isClosed, isCovered, paymentStatusOf, pendingUntilOf, totalsOf } from './totals.ts'

/**
 * Ends a decision: derives what it means for the order, balances the sale, and closes the issues that have settled themselves.
 *
 * @returns `unchanged` when nothing has come of it
 */
export function closeDraft(draft: Draft): Decision {
  const { before } = draft
  // Nearly every order has none.
  if (before.issues.size + draft.issues.size > 0)
    for (const paymentId of draft.changedPayments) settleIssuesOf(draft, paymentId)
  if (isUnbookedArrival(draft)) bookArrival(draft)
  const isOrderSold = balanceSale(draft)
  const totals = totalsOf(before.order, draft.payments.values(), isOrderSold)
  const order = effectOf(draft, totals)
  const isNothing =
    draft.changedPayments.size + draft.changedOperations.size + draft.changedDisputes.size === 0 &&
    draft.transfers.length + draft.issues.size + draft.settled.size === 0 &&
    draft.resolved === undefined &&
    order === undefined
  if (isNothing) return { kind: 'unchanged' }
  const changes: Changes = {
    // A payment that the order arrived with becomes a row with the first change.
    payments: before.isStored
      ? [...draft.changedPayments].flatMap(id => draft.payments.get(id) ?? [])
      : [...draft.payments.values()],
    operations: [...draft.changedOperations].flatMap(id => draft.operations.get(id) ?? []),
    disputes: [...draft.changedDisputes].flatMap(key => draft.disputes.get(key) ?? []),
    transfers: draft.transfers,
    events: draft.events,
    issues: [...draft.issues.values()],
    settled: [...draft.settled.values()],
    resolved: draft.resolved,
    order,
    totals,
  }
  return { kind: 'changed', changes }
}

/** Whether money moves for the first time on an order that arrived paid before the books began. */
function isUnbookedArrival({ before, changedPayments }: Draft): boolean {
  return !before.isStored && !before.isSold && changedPayments.size > 0 && before.payments.length > 0
}

/** Books what the order arrived with; its sale follows. Orders that arrive paid now are booked by the group that they come in. */
function bookArrival(draft: Draft): void {
  const { order, payments } = draft.before
  for (const payment of payments) {
    draft.receivableCredited += payment.captured
    const arrival = { kind: 'capture' as const, transferId: `${order.orderUid}:arrival`, operationId: undefined }
    book(draft, payment, { ...arrival, amount: payment.captured })
  }
}

function effectOf(draft: Draft, totals: PaymentTotals): OrderEffect | undefined {
  const { order } = draft.before
  const { rules } = draft.context
  const paymentStatus = paymentStatusOf(order.state, totals, draft.payments.values())
  const confirm = isConfirmed(draft, totals)
  const isPending = order.state.status === 'pending' && !confirm
  const pendingUntilMs = isPending ? pendingUntilOf(draft.payments.values(), rules.holdMaxMs) : undefined
  const isSame =
    paymentStatus === order.state.paymentStatus && !confirm && pendingUntilMs === order.paymentPendingUntilMs
  return isSame || draft.payments.size === 0
    ? undefined
    : { paymentStatus, confirm, pendingUntilMs, reason: draft.reason }
}

/** Whether a pending order is confirmed: its money is there, and is what was asked for. */
function isConfirmed(draft: Draft, totals: PaymentTotals): boolean {
  const { order } = draft.before
  if (order.state.status !== 'pending' || !isCovered(totals, draft.context.rules.confirmOn)) return false
  return [...draft.payments.values()].every(payment => !isMismatched(draft, payment))
}

/** Whether the provider has authorized another amount than it was asked for. A person decides what it means. */
function isMismatched(draft: Draft, payment: Payment): boolean {
  if (isRecordedPayment(payment, draft.context.rules.providers)) return false
  return payment.authorized > 0 && payment.authorized !== payment.amount
}

/**
 * Books what makes the receivable right: while the order is open, what is left to be paid of a sale; 0 once it is closed.
 *
 * The sale is booked at the first capture, or when the order is confirmed. An order that is refunded and paid again is sold again for
 * that amount, since a refund does not make the customer owe anything.
 *
 * @returns whether the sale is in the ledger
 */
function balanceSale(draft: Draft): boolean {
  const { order, payments, isSold } = draft.before
  const [wasClosed, isOver] = [isClosed(draft.statusBefore), isClosed(order.state.status)]
  const owed = (list: Iterable<Payment>) => Math.max(0, order.amount - totalsOf(order, list, isSold).captured)
  const after = totalsOf(order, draft.payments.values(), isSold)
  const isSoldNow =
    isSold ||
    (order.amount > 0 &&
      (draft.receivableCredited > 0 || (!isOver && (order.state.status !== 'pending' || isConfirmed(draft, after)))))
  if (!isSoldNow) return false
  const owedBefore = isSold && !wasClosed ? owed(payments) : 0
  const owedAfter = isOver ? 0 : owed(draft.payments.values())
  const amount = owedAfter - (owedBefore - draft.receivableCredited)
  if (amount === 0) return true
  const isOfOrder = !isSold || (isOver && !wasClosed)
  const kind = amount > 0 ? 'sale' : 'sale_reversal'
  draft.transfers.push({
    transferId: `${isOfOrder ? order.orderUid : draft.cause}:${kind}`,
    kind,
    provider: undefined,
    currency: order.currency,
    amount: Math.abs(amount),
    orderUid: order.orderUid,
    paymentId: undefined,
    operationId: undefined,
    orders: undefined,
    recordedAt: new Date(draft.context.nowMs),
  })
  return true
}

/** Closes issues that were opened about a payment, and of which nothing is left. */
function settleIssuesOf(draft: Draft, paymentId: string): void {
  const payment = draft.payments.get(paymentId)
  if (payment === undefined) return
  const isHeld = heldOf(payment) > 0
  const operations = [...draft.operations.values()].filter(operation => operation.paymentId === paymentId)
  for (const operation of operations) {
    const { operationId, kind } = operation
    if (!isOpen(operation)) settleIssue(draft, 'unknown_outcome', operationId)
    if (kind === 'capture' && suspendedLeftOf(payment) === 0) {
      settleIssue(draft, 'late_payment', operationId)
      settleIssue(draft, 'overpaid', operationId)
    }
    if (kind === 'refund' && refundableOf(payment) === 0 && payment.pendingRefund === 0)
      settleIssue(draft, 'refund_failed', operationId)
    if (kind === 'void' && !isHeld) settleIssue(draft, 'unmatched_money', operationId)
  }
  if (!isHeld) {
    settleIssue(draft, 'authorization_expiring', paymentId)
    settleIssue(draft, 'late_payment', paymentId)
    settleIssue(draft, 'overpaid', paymentId)
  }
  if (refundableOf(payment) === 0 && payment.pendingRefund === 0) {
    settleIssue(draft, 'unmatched_money', paymentId)
    for (const dispute of draft.disputes.values())
      if (dispute.paymentId === paymentId) settleIssue(draft, 'unmatched_money', `${paymentId}:${dispute.ref}`)
  }
  if (payment.overdrawn === 0) settleIssue(draft, 'unmatched_money', `${paymentId}:overdrawn`)
}
