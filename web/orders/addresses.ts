import { addressOf } from '../platform/address.ts'

export const paths = { orders: '/orders', order: '/orders/:id' } as const

/** The address of an order's page. */
export function orderAddress(orderUid: string): string {
  return addressOf(paths.order, { id: orderUid })
}

/** The address of the list of orders, narrowed by the API's own parameters. */
export function ordersAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.orders, { query })
}
