import { anonymizedOrder } from '../orders/recipient.ts'

/** Finds recipients in JSON that the service has answered with. Pure. */

/** The fields of a cart that tell of its recipient. */
const ofCarts = ['email', 'delivery', 'note', 'metadata']

/**
 * A JSON text without the recipients of a customer: of orders, carts, and what holds them.
 *
 * @returns undefined when it has none, or is not JSON
 */
export function redactCustomer(json: string, customerId: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json)
    const redacted = JSON.stringify(parsed, (_, value: unknown) => {
      if (!isFields(value) || value.customer_id !== customerId) return value
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

function isOrder({ order_uid: uid, items }: Fields): boolean {
  return typeof uid === 'string' && Array.isArray(items)
}

function withoutContact(cart: Fields): Fields {
  return Object.fromEntries(Object.entries(cart).map(([name, value]) => [name, ofCarts.includes(name) ? null : value]))
}
