import type { Violation } from '../errors.ts'
import { type Facts, orderedBefore } from './facts.ts'
import type { PricedCart } from './priced-cart.ts'
import { refuseItem, refuseQuantity } from './quantities.ts'

/** What an order needs of the recipient. */
const needed = ['name', 'phone', 'zip', 'city', 'address', 'country'] as const

/** What a cart lacks, or has wrong, for becoming an order. Pure. Stock is left to the placement, which takes it. */
export function missingFor({ cart, pricing }: PricedCart, facts: Facts, nowMs: number): Violation[] {
  const missing: Violation[] = []
  const lack = (pointer: string, detail = 'is needed for the checkout') => void missing.push({ pointer, detail })
  if (cart.lines.length === 0) lack('/lines', 'must have an item')
  for (const [index, { chrtId, quantity }] of cart.lines.entries()) {
    const item = facts.items.get(chrtId)
    const refusal = refuseItem(item, cart, nowMs)
    const limit = item && refuseQuantity(item, quantity, orderedBefore(cart, item, facts))
    if (refusal !== undefined) lack(`/lines/${index}`, refusal)
    else if (limit !== undefined) lack(`/lines/${index}/quantity`, limit)
  }
  for (const field of needed) if (!cart.delivery?.[field]?.trim()) lack(`/delivery/${field}`)
  if ((cart.delivery?.email ?? cart.email) === undefined) lack('/email')
  if (cart.deliveryMethod === undefined) lack('/delivery_method')
  for (const { code, pointer, detail } of pricing.warnings) if (code === 'method_unavailable') lack(pointer, detail)
  return missing
}
