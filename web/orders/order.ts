import { decideCommand, type StatusCommand } from '../../src/orders/lifecycle.ts'
import type { StoredOrderView } from '../../src/orders/views.ts'

/** An order as the API gives it. */
export type Order = StoredOrderView

/** What a person can ask of an order. */
export const actions = ['confirm', 'hold', 'complete', 'cancel'] as const satisfies readonly StatusCommand[]
export type Action = (typeof actions)[number]

/** The actions that an order's state allows, by the rules that the service decides by. */
export function actionsOf(order: Order): Action[] {
  const { status, payment_status: paymentStatus, delivery_status: deliveryStatus } = order
  return actions.filter(action => decideCommand({ status, paymentStatus, deliveryStatus }, action).kind === 'changed')
}
