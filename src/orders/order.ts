/** The states of an order, in the order in which an order can come through them. */
export const orderStatuses = ['pending', 'confirmed', 'on_hold', 'completed', 'cancelled', 'expired'] as const
export const paymentStatuses = [
  'unpaid',
  'authorized',
  'partially_paid',
  'paid',
  'partially_refunded',
  'refunded',
  'voided',
] as const
export const deliveryStatuses = [
  'unfulfilled',
  'partially_shipped',
  'shipped',
  'partially_delivered',
  'delivered',
  'returned',
] as const

export type OrderStatus = (typeof orderStatuses)[number]
export type PaymentStatus = (typeof paymentStatuses)[number]
export type DeliveryStatus = (typeof deliveryStatuses)[number]

export type OrderState = {
  status: OrderStatus
  paymentStatus: PaymentStatus
  deliveryStatus: DeliveryStatus
}

const paidState: OrderState = { status: 'confirmed', paymentStatus: 'paid', deliveryStatus: 'unfulfilled' }
const unpaidState: OrderState = { status: 'pending', paymentStatus: 'unpaid', deliveryStatus: 'unfulfilled' }

/** How an order begins: one that arrives already paid is confirmed, any other waits for its payment. */
export function initialState(isPaid: boolean): OrderState {
  return isPaid ? paidState : unpaidState
}

/** The state as JSON fields, the way it stands behind a document and in an event. */
export function stateJson(state: OrderState): string {
  return `{"status":"${state.status}","payment_status":"${state.paymentStatus}","delivery_status":"${state.deliveryStatus}"}`
}
