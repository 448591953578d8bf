import { ask } from '../platform/api.ts'
import { orderAddress, ordersAddress } from './addresses.ts'

/**
 * Finds orders by their id, tracking number or customer.
 *
 * @returns the address of the only order that matches, or of the list of those that do; of all orders for an empty text
 */
export async function findOrders(text: string): Promise<{ address: string; isFound: boolean }> {
  if (text === '') return { address: ordersAddress(), isFound: true }
  const query = new URLSearchParams({ q: text, limit: '2' })
  const found = await ask<{ order_uid: string }[]>(`/api/orders?${query}`).catch(() => [])
  const [only] = found
  const isOne = found.length === 1 && only !== undefined
  return { address: isOne ? orderAddress(only.order_uid) : ordersAddress({ q: text }), isFound: found.length > 0 }
}
