import type { CartDemand } from '../inventory/cart-plan.ts'
import { type Cart, orderUidOf } from './cart.ts'

/**
 * What carts want to have reserved that have changed: one whose lines or country have, and nothing for one that is over. Pure. A cart that
 * becomes an order is none of them: the order takes over what it has reserved.
 *
 * @param before by id, like those afterwards
 */
export function demandsOf(before: ReadonlyMap<string, Cart>, after: ReadonlyMap<string, Cart>): CartDemand[] {
  return [...after.values()].flatMap(cart => demandOf(before.get(cart.cartId), cart) ?? [])
}

function demandOf(before: Cart | undefined, after: Cart): CartDemand | undefined {
  if (before?.state !== 'open' || before === after) return undefined
  const { cartId, lines, delivery } = after
  if (before.lines.length === 0 && lines.length === 0) return undefined
  const isOpen = after.state === 'open'
  const country = delivery?.country
  if (isOpen && lines === before.lines && country === before.delivery?.country) return undefined
  const units = new Map(isOpen ? lines.map(({ chrtId, quantity }) => [chrtId, quantity]) : [])
  return { cartId, orderUid: orderUidOf(cartId), units, country }
}
