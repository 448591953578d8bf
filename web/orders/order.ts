import type { OrderDocument } from '../../src/orders/document.ts'
import { decideCommand, type OrderCommand } from '../../src/orders/lifecycle.ts'
import type { DeliveryStatus, OrderStatus, PaymentStatus } from '../../src/orders/order.ts'

/** An order as the API gives it. */
export type Order = OrderDocument & {
  status: OrderStatus
  payment_status: PaymentStatus
  delivery_status: DeliveryStatus
  version: number
  updated_at: string
}

/** What a person can ask of an order. */
export const actions = ['confirm', 'hold', 'complete', 'cancel'] as const satisfies readonly OrderCommand[]
export type Action = (typeof actions)[number]

/** The actions that an order's state allows, by the rules that the service decides by. */
export function actionsOf(order: Order): Action[] {
  const { status, payment_status: paymentStatus, delivery_status: deliveryStatus } = order
  return actions.filter(action => decideCommand({ status, paymentStatus, deliveryStatus }, action).kind === 'changed')
}
