import type { ListedCart } from '../../src/carts/views.ts'
import type { ErasureReachView, ErasureView } from '../../src/customers/views.ts'
import type { ShipmentView } from '../../src/deliveries/views.ts'
import type { EventView } from '../../src/events/schemas.ts'
import type { StoredOrderView } from '../../src/orders/views.ts'
import type { PaymentView } from '../../src/payments/views.ts'
import type { ReturnView } from '../../src/returns/views.ts'

export type Order = StoredOrderView
export type Shipment = ShipmentView
export type Return = ReturnView
export type Payment = PaymentView
export type Cart = ListedCart
export type Event = EventView
export type Erasure = ErasureView
export type ErasureReach = ErasureReachView

/** What a row shows of an order. */
export type OrderRow = Readonly<{
  id: string
  placedAt: string
  items: number
  currency: string
  amount: number
  statuses: readonly string[]
}>

export function toRow(order: Order): OrderRow {
  return {
    id: order.order_uid,
    placedAt: order.date_created,
    items: order.items.length,
    currency: order.payment.currency,
    amount: order.payment.amount,
    statuses: [order.status, order.payment_status, order.delivery_status],
  }
}

/** A customer of the newest orders. */
export type RecentCustomer = Readonly<{ id: string; orders: number; lastAt: string }>

/** The customers of some orders, newest first; orders of nobody in particular are left out. */
export function customersOf(orders: readonly Order[]): RecentCustomer[] {
  const known = Map.groupBy(
    orders.filter(order => order.customer_id !== ''),
    order => order.customer_id,
  )
  return [...known].map(([id, own]) => ({ id, orders: own.length, lastAt: own[0]?.date_created ?? '' }))
}

/** The tone of each state that is listed on the page of a customer. */
export const tones: Readonly<Record<string, string>> = {
  ...{ planned: 'waiting', packed: 'waiting', shipped: 'active', delivered: 'good', returned: 'plain' },
  ...{ requested: 'waiting', approved: 'active', received: 'attention', refunded: 'good', rejected: 'plain' },
  ...{ requires_action: 'waiting', processing: 'waiting', authorized: 'active', captured: 'good' },
  ...{ partially_captured: 'active', failed: 'bad', voided: 'plain', expired: 'plain', cancelled: 'plain' },
  ...{ running: 'active', finished: 'good', open: 'active' },
}
