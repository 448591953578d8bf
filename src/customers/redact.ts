import { cartIdOfOrder } from '../carts/cart.ts'
import type { Whom } from '../whom.ts'
import { anonymizedOrder } from '../orders/recipient.ts'

/** Finds recipients in JSON that the service has answered with. Pure. */

/** The fields of a cart that tell of its recipient. */
const ofCarts = ['email', 'delivery', 'note', 'metadata']

/** Characters of which such a JSON text has one: the customer, the order or its cart as JSON is written here. */
export function marksOf({ customerId, orderUid }: Whom): string[] {
  if (orderUid === undefined) return [`"customer_id":${JSON.stringify(customerId)}`]
  const cartId = cartIdOfOrder(orderUid)
  return [`"order_uid":"${orderUid}"`, ...(cartId === undefined ? [] : [`"id":"${cartId}"`])]
}

/**
 * A JSON text without the recipients of a customer or an order: of orders, carts, and what holds them.
 *
 * @returns undefined when it has none, or is not JSON
 */
export function redact(json: string, whom: Whom): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json)
    const redacted = JSON.stringify(parsed, (_, value: unknown) => {
      if (!isFields(value) || !isOf(value, whom)) return value
      return isOrder(value) ? anonymizedOrder(value) : withoutContact(value)
    })
    return redacted === JSON.stringify(parsed) ? undefined : redacted
  } catch {
    return undefined
  }
}

type Fields = Record<string, unknown>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an order or a cart is the customer's, or the order or its cart. */
function isOf(value: Fields, { customerId, orderUid }: Whom): boolean {
  if (orderUid === undefined) return value.customer_id === customerId
  return isOrder(value) ? value.order_uid === orderUid : value.id !== undefined && value.id === cartIdOfOrder(orderUid)
}

function isOrder({ order_uid: uid, items }: Fields): boolean {
  return typeof uid === 'string' && Array.isArray(items)
}

function withoutContact(cart: Fields): Fields {
  return Object.fromEntries(Object.entries(cart).map(([name, value]) => [name, ofCarts.includes(name) ? null : value]))
}
