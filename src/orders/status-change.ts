import type { EventDefinition } from '../events/definition.ts'
import type { NewEvent } from '../events/append.ts'
import type { Transition } from './command-queries.ts'
import type { DeliveryStatusChanged, PaymentStatusChanged, RecipientChanged, StatusChange } from './event-data.ts'
import {
  orderChanged,
  orderDeliveryCorrected,
  orderDeliveryStatusChanged,
  orderErased,
  orderPaymentStatusChanged,
} from './messages.ts'
import type { OrderState } from './order.ts'

/**
 * The event that tells of a change of an order.
 *
 * @param transition the change as the order's history has it
 * @param state the order's state after it
 * @param before the state before it
 * @param traceparent W3C Trace Context of what made the change
 */
export function changeEvent(
  transition: Omit<Transition, 'to'>,
  state: Readonly<OrderState>,
  before: Readonly<OrderState>,
  traceparent: string | undefined,
): NewEvent {
  const { orderUid, version, recordedAt } = transition
  const [definition, data] = contentOf(transition, state, before)
  return { streamId: orderUid, sequence: version, definition, recordedAt, data: JSON.stringify(data), traceparent }
}

function contentOf(
  { command, version, from, reason, actor }: Omit<Transition, 'to'>,
  { status, paymentStatus, deliveryStatus }: Readonly<OrderState>,
  before: Readonly<OrderState>,
): [EventDefinition, StatusChange | PaymentStatusChanged | DeliveryStatusChanged | RecipientChanged] {
  const state = { status, payment_status: paymentStatus, delivery_status: deliveryStatus, version }
  const paid = before.paymentStatus === paymentStatus ? {} : { previous_payment_status: before.paymentStatus }
  const delivered = before.deliveryStatus === deliveryStatus ? {} : { previous_delivery_status: before.deliveryStatus }
  if (command === 'pay') {
    return [orderPaymentStatusChanged, { ...state, previous_payment_status: before.paymentStatus, reason, actor }]
  }
  if (command === 'deliver') {
    return [orderDeliveryStatusChanged, { ...state, previous_delivery_status: before.deliveryStatus, reason, actor }]
  }
  if (command === 'correct') return [orderDeliveryCorrected, { ...state, reason, actor }]
  if (command === 'erase') return [orderErased, { ...state, reason, actor }]
  if (status === 'pending') throw new RangeError(`no command leads to pending: ${command}`)
  return [orderChanged[status], { ...state, previous_status: from, ...paid, ...delivered, reason, actor }]
}
