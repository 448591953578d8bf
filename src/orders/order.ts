/** The statuses of an order, in the order in which it can pass through them. */
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

/**
 * Whether an order arrives paid: it was paid before, or there is nothing to pay.
 *
 * @param paidAtSeconds its `payment_dt`; 0: not paid
 * @param amount of the whole order
 */
export function arrivesPaid(paidAtSeconds: number, amount: number): boolean {
  return paidAtSeconds > 0 || amount === 0
}

/** The state that an order begins in: confirmed if it arrives paid, otherwise waiting for its payment. */
export function initialState(isPaid: boolean): OrderState {
  return isPaid ? paidState : unpaidState
}

/** The state as a JSON object, as it is appended to a document and in events. */
export function stateJson(state: OrderState): string {
  return `{"status":"${state.status}","payment_status":"${state.paymentStatus}","delivery_status":"${state.deliveryStatus}"}`
}
