import type { OrderStatus } from '../orders/order.ts'
import type { Decision, DecisionContext, OrderPayments } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, type Draft, openIssue, paymentIn } from './draft.ts'
import { requestRefund, voidIfUnwanted } from './late-money.ts'
import { heldOf, refundableOf, suspendedLeftOf } from './payment.ts'
import { isRecordedPayment } from './provider.ts'
import { releaseRecorded } from './release.ts'
import { isClosed } from './totals.ts'

/** A change of the order's status. The order is loaded as it is after it. */
export type OrderChangeInput = Readonly<{
  statusBefore: OrderStatus
  reason: string
  actor: string
}>

/**
 * Follows a change of the order's status by a command or the expiry.
 *
 * An order that is cancelled or expires has what is authorized voided, and what was captured refunded. What is under way is waited for:
 * its report goes on from there. What is left to be paid of the sale is reversed at once. Money that people record is left to a person.
 * An order that is confirmed by hand is sold.
 */
export function decideOrderChange(before: OrderPayments, input: OrderChangeInput, context: DecisionContext): Decision {
  const draft = beginDraft(before, context, input.statusBefore)
  draft.reason = input.reason
  const isOver = isClosed(before.order.state.status) && !isClosed(input.statusBefore)
  if (isOver) for (const { paymentId } of before.payments) giveBack(draft, paymentId, input)
  return closeDraft(draft)
}

function giveBack(draft: Draft, paymentId: string, { reason, actor }: OrderChangeInput): void {
  const payment = paymentIn(draft, paymentId)
  const { rules } = draft.context
  if (isRecordedPayment(payment, rules.providers)) {
    leaveToPerson(draft, paymentId, { reason, actor })
    return
  }
  // With PAYMENT_LATE_POLICY=hold money that was suspended before waits for a person further on.
  const kept = rules.latePolicy === 'hold' ? suspendedLeftOf(payment) : 0
  requestRefund(draft, paymentId, refundableOf(payment) - kept, reason, actor)
  voidIfUnwanted(draft, paymentId, { reason, actor, isAgain: true })
}

function leaveToPerson(draft: Draft, paymentId: string, why: Pick<OrderChangeInput, 'reason' | 'actor'>): void {
  const payment = paymentIn(draft, paymentId)
  if (heldOf(payment) > 0) releaseRecorded(draft, payment, { operationId: draft.context.newOperationId(), ...why })
  const refundable = refundableOf(payment)
  if (refundable > 0)
    openIssue(draft, payment, {
      kind: 'unmatched_money',
      subject: paymentId,
      amount: refundable,
      detail: `the order is ${draft.before.order.state.status}, and was paid outside: pay it back by hand, then record it`,
    })
}
