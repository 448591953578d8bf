import { encodeCursor } from '../src/orders/list-query.ts'
import { deliveryStatuses, orderStatuses, paymentStatuses } from '../src/orders/order.ts'
import type { StoredOrders } from './stored-orders.ts'

/** A kind of page. `query` gives its parameters; each call may ask for another. */
export type ListCase = { name: string; query: () => Record<string, string> }

/** An order that is stored, for filters that name one. */
export type Sample = { uid: string; trackNumber: string; customerId: string }

const oneOf = <Value>(values: readonly Value[]): Value => {
  const value = values[Math.floor(Math.random() * values.length)]
  if (value === undefined) throw new Error('there is nothing to choose from')
  return value
}

/**
 * Every filter of GET /api/orders alone and some together, common values, rare ones and such as nothing matches.
 *
 * @param samples some of the orders
 */
export function listCases(stored: StoredOrders, samples: readonly Sample[]): ListCase[] {
  const span = stored.lastMs - stored.firstMs
  const iso = (ms: number) => new Date(ms).toISOString()
  const month = () => {
    const fromMs = stored.firstMs + Math.random() * span * 0.9
    return { from: iso(fromMs), to: iso(fromMs + span / 12) }
  }
  const nothing = { from: iso(stored.lastMs + span), to: iso(stored.lastMs + 2 * span) }
  const fixed = (name: string, query: Record<string, string>): ListCase => ({ name, query: () => query })
  return [
    fixed('no filter', {}),
    ...orderStatuses.map(status => fixed(`status=${status}`, { status })),
    fixed('status, three of them', { status: 'pending,on_hold,expired' }),
    fixed('status, all of them', { status: orderStatuses.join() }),
    ...paymentStatuses.map(status => fixed(`payment_status=${status}`, { payment_status: status })),
    ...deliveryStatuses.map(status => fixed(`delivery_status=${status}`, { delivery_status: status })),
    fixed('status and payment, none such', { status: 'completed', payment_status: 'unpaid' }),
    fixed('all three statuses', { status: 'confirmed', payment_status: 'paid', delivery_status: 'shipped' }),
    { name: 'customer_id', query: () => ({ customer_id: oneOf(samples).customerId }) },
    fixed('customer_id, 1 % of all orders', { customer_id: 'customer-large' }),
    fixed('customer_id, none such', { customer_id: 'nobody' }),
    fixed('customer_id, large, status=on_hold', { customer_id: 'customer-large', status: 'on_hold' }),
    fixed('customer_id, large, no payment', { customer_id: 'customer-large', payment_status: 'unpaid' }),
    { name: 'track_number', query: () => ({ track_number: oneOf(samples).trackNumber }) },
    { name: 'from', query: () => ({ from: month().from }) },
    { name: 'to', query: () => ({ to: month().to }) },
    { name: 'from and to', query: month },
    fixed('from and to, nothing there', nothing),
    { name: 'from and to, status=cancelled', query: () => ({ ...month(), status: 'cancelled' }) },
    { name: 'from and to, status=on_hold', query: () => ({ ...month(), status: 'on_hold' }) },
    { name: 'from and to, customer, large', query: () => ({ ...month(), customer_id: 'customer-large' }) },
    { name: 'q, a uid', query: () => ({ q: oneOf(samples).uid }) },
    { name: 'q, a tracking number', query: () => ({ q: oneOf(samples).trackNumber }) },
    { name: 'q, a customer', query: () => ({ q: oneOf(samples).customerId }) },
    fixed('q, the large customer', { q: 'customer-large' }),
    fixed('q, nothing', { q: 'nothing-is-called-so' }),
    fixed('q, large customer, delivered', { q: 'customer-large', delivery_status: 'delivered' }),
  ]
}

/** A cursor anywhere in the list. A cursor is a position, so it need not come from a response. */
export function randomCursor(stored: StoredOrders): string {
  const createdAtMs = Math.floor(stored.firstMs + Math.random() * (stored.lastMs - stored.firstMs))
  return encodeCursor({ createdAtMs, orderUid: 'm' })
}
