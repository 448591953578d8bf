import type { EventDefinition } from '../events/definition.ts'
import type { NewEvent } from '../events/append.ts'
import type { Transition } from './command-queries.ts'
import type { PaymentStatusChanged, RecipientChanged, StatusChange } from './event-data.ts'
import { orderChanged, orderDeliveryCorrected, orderErased, orderPaymentStatusChanged } from './messages.ts'
import type { OrderState, PaymentStatus } from './order.ts'

/**
 * The event that tells of a change of an order.
 *
 * @param transition the change as the order's history has it
 * @param state the order's state after it
 * @param paidBefore its payment status before it
 * @param traceparent W3C Trace Context of what made the change
 */
export function changeEvent(
  transition: Omit<Transition, 'to'>,
  state: Readonly<OrderState>,
  paidBefore: PaymentStatus,
  traceparent: string | undefined,
): NewEvent {
  const { orderUid, version, recordedAt } = transition
  const [definition, data] = contentOf(transition, state, paidBefore)
  return { streamId: orderUid, sequence: version, definition, recordedAt, data: JSON.stringify(data), traceparent }
}

function contentOf(
  { command, version, from, reason, actor }: Omit<Transition, 'to'>,
  { status, paymentStatus, deliveryStatus }: Readonly<OrderState>,
  paidBefore: PaymentStatus,
): [EventDefinition, StatusChange | PaymentStatusChanged | RecipientChanged] {
  const state = { status, payment_status: paymentStatus, delivery_status: deliveryStatus, version }
  const paid = paidBefore === paymentStatus ? {} : { previous_payment_status: paidBefore }
  if (command === 'pay') {
    return [orderPaymentStatusChanged, { ...state, previous_payment_status: paidBefore, reason, actor }]
  }
  if (command === 'correct') return [orderDeliveryCorrected, { ...state, reason, actor }]
  if (command === 'erase') return [orderErased, { ...state, reason, actor }]
  if (status === 'pending') throw new RangeError(`no command leads to pending: ${command}`)
  return [orderChanged[status], { ...state, previous_status: from, ...paid, reason, actor }]
}
