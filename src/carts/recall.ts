import type { PriceLists } from './price-lists.ts'
import type { ReadCart } from './reader.ts'
import type { RememberedCarts } from './remembered-carts.ts'

/** A cart as this instance has saved it, and the items as it has read them; both may have changed since. */
export type RecalledCart = ReadCart & Readonly<{ itemStamps: ItemStamps }>

/** The stamps of the items that a cart was priced by. */
export type ItemStamps = ReadonlyMap<number, string>

/** @returns undefined for a cart whose price needs more than what is remembered */
export type RecallCart = (cartId: string) => RecalledCart | undefined

/**
 * Spares a checkout the reading of its cart. Nothing is decided by what is recalled until the placement, which locks the cart, has compared
 * its stamp and those of the items. Stock is the placement's concern.
 */
export function createRecall({
  remembered,
  lists,
  now,
}: Readonly<{ remembered: RememberedCarts; lists: PriceLists; now: () => number }>): RecallCart {
  return cartId => {
    const cart = remembered.of([cartId]).get(cartId)
    if (cart === undefined || cart.discountCodes.length > 0) return undefined
    const current = lists.current()
    const stamped = remembered.items.recall(cart.lines.map(line => line.chrtId))
    if (current instanceof Promise || stamped === undefined) return undefined
    // What its customer has ordered before would have to be counted.
    if (stamped.some(({ item }) => item.maxPerCustomer !== undefined)) return undefined
    const { methods, taxes } = current
    const items = new Map(stamped.map(({ item }) => [item.chrtId, item]))
    const itemStamps = new Map(stamped.map(({ item, stamp }) => [item.chrtId, stamp]))
    return { cart, facts: { ...nothingElse, items, methods, taxes }, nowMs: now(), itemStamps }
  }
}

const nothingElse = {
  ...{ available: new Map<number, number>(), heldBy: () => 0, discounts: new Map<string, never>() },
  ...{ usesBy: () => 0, orderedBy: () => 0 },
}

/** Whether items are still as a cart was priced by them. */
export function areCurrent(itemStamps: ItemStamps, stored: ItemStamps): boolean {
  return [...itemStamps].every(([chrtId, stamp]) => stored.get(chrtId) === stamp)
}
