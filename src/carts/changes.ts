import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../errors.ts'
import { type Cart, changedCart, linesMax, unitsMax, unitsOf } from './cart.ts'
import { type Facts, orderedBefore } from './facts.ts'
import { refuseItem, refuseQuantity } from './quantities.ts'
import type { CartPatch } from './requests.ts'

/** What owners change of their carts. Pure; each returns the cart as it is then, or throws the refusal. */

/** Sets the quantity of an item. @throws AppError CART_LINE_REFUSED */
export function putLine(
  cart: Cart,
  { chrtId, quantity }: { chrtId: number; quantity: number },
  facts: Facts,
  nowMs: number,
): Cart {
  const item = facts.items.get(chrtId)
  const refusal = refuseItem(item, cart, nowMs)
  if (item === undefined || refusal !== undefined) throw lineRefused(refusal ?? 'there is no such item', '')
  const limit = refuseQuantity(item, quantity, orderedBefore(cart, item, facts))
  if (limit !== undefined) throw lineRefused(limit, '/quantity')
  const known = cart.lines.find(line => line.chrtId === chrtId)
  if (known?.quantity === quantity) return cart
  if (known === undefined && cart.lines.length >= linesMax)
    throw lineRefused(`a cart has at most ${linesMax} lines`, '')
  const others = unitsOf(cart.lines) - (known?.quantity ?? 0)
  if (others + quantity > unitsMax) throw lineRefused(`must leave at most ${unitsMax} units in the cart`, '/quantity')
  const line = known ?? { chrtId, priceWhenAdded: item.prices[cart.currency] ?? 0 }
  const put = { ...line, quantity }
  const lines = known === undefined ? [...cart.lines, put] : cart.lines.map(one => (one === known ? put : one))
  return changedCart(cart, { lines }, nowMs)
}

function lineRefused(detail: string, pointer: string): AppError {
  return new AppError('CART_LINE_REFUSED', detail, { violations: [{ pointer, detail }] })
}

/** Removes an item; one that is not in the cart is gone already. */
export function removeLine(cart: Cart, chrtId: number, nowMs: number): Cart {
  const lines = cart.lines.filter(line => line.chrtId !== chrtId)
  return lines.length === cart.lines.length ? cart : changedCart(cart, { lines }, nowMs)
}

/** Changes what is said of the customer, the recipient and the delivery. What says nothing new changes nothing, not the version either. */
export function patchCart(cart: Cart, patch: CartPatch, nowMs: number): Cart {
  const given = <Value>(value: Value | null | undefined, before: Value | undefined) =>
    value === undefined ? before : (value ?? undefined)
  const change = {
    customerId: given(patch.customer_id, cart.customerId),
    email: given(patch.email, cart.email),
    delivery: given(patch.delivery, cart.delivery),
    deliveryMethod: given(patch.delivery_method, cart.deliveryMethod),
    discountCodes: patch.discount_codes === undefined ? cart.discountCodes : [...new Set(patch.discount_codes)],
    note: given(patch.note, cart.note),
    metadata: given(patch.metadata, cart.metadata),
  }
  return isDeepStrictEqual({ ...cart, ...change }, cart) ? cart : changedCart(cart, change, nowMs)
}
