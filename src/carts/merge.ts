import type { Item } from '../inventory/item.ts'
import {
  type Cart,
  type CartLine,
  changedCart,
  codesMax,
  linesMax,
  nobody,
  recorded,
  unitsMax,
  unitsOf,
} from './cart.ts'
import { type Facts, orderedBefore } from './facts.ts'
import { cappedQuantity } from './quantities.ts'

/** One cart takes over the lines of another: a guest has signed in, or begun on another device. */

export const mergeRules = ['sum', 'max', 'keep', 'replace'] as const
export type MergeRule = (typeof mergeRules)[number]

type MergeFacts = Pick<Facts, 'items' | 'orderedBy'>

export type Merged = Readonly<{
  into: Cart
  from: Cart
  /** Items of which less was taken over than the rule says. */
  limited: readonly number[]
}>

/**
 * Merges a cart into another. Pure. Items that are in one of them only are kept; of those in both the rule says the quantity. Quantities
 * are capped by the items' limits, and lines that do not fit into the cart are left out. What the target does not say of its customer, its
 * recipient and its delivery is taken from the other, which keeps nothing of the recipient.
 *
 * @param facts the items of both carts that are known, and what its customer has ordered of them
 */
export function mergeCarts(into: Cart, from: Cart, rule: MergeRule, facts: MergeFacts, nowMs: number): Merged {
  const change = {
    customerId: into.customerId ?? from.customerId,
    email: into.email ?? from.email,
    delivery: into.delivery ?? from.delivery,
    deliveryMethod: into.deliveryMethod ?? from.deliveryMethod,
    discountCodes: [...new Set([...into.discountCodes, ...from.discountCodes])].slice(0, codesMax),
    note: into.note ?? from.note,
    metadata: into.metadata ?? from.metadata,
  }
  const buyer = { ...into, ...change }
  const added = inCurrency(from, into.currency, facts)
  const { lines, limited } = mergeLines(into.lines, added, rule, facts, item => orderedBefore(buyer, item, facts))
  const over = { ...nobody, state: 'merged', mergedInto: into.cartId, nextLookAtMs: undefined } as const
  return {
    into: changedCart(into, { ...change, lines }, nowMs),
    from: recorded(changedCart(from, over, nowMs), nowMs),
    limited,
  }
}

/** The lines of a cart, with prices when added that are in a currency: of a cart in another one they are those of now. */
function inCurrency(cart: Cart, currency: string, { items }: MergeFacts): readonly CartLine[] {
  if (cart.currency === currency) return cart.lines
  return cart.lines.map(line => ({ ...line, priceWhenAdded: items.get(line.chrtId)?.prices[currency] ?? 0 }))
}

function mergeLines(
  into: readonly CartLine[],
  from: readonly CartLine[],
  rule: MergeRule,
  { items }: MergeFacts,
  orderedBefore: (item: Item) => number,
): { lines: readonly CartLine[]; limited: number[] } {
  const limited: number[] = []
  const merged = new Map(into.map(line => [line.chrtId, line]))
  for (const line of from) {
    const { chrtId } = line
    const own = merged.get(chrtId)
    const wanted = own === undefined ? line.quantity : quantityBy(rule, own.quantity, line.quantity)
    const others = [...merged.values()].filter(other => other.chrtId !== chrtId)
    const item = items.get(chrtId)
    const room = unitsMax - unitsOf(others)
    const capped = item === undefined ? wanted : cappedQuantity(item, Math.min(wanted, room), orderedBefore(item))
    if (capped < wanted || capped > room) limited.push(chrtId)
    if (capped > room || (own === undefined && merged.size >= linesMax)) continue
    merged.set(chrtId, { ...(own ?? line), quantity: capped })
  }
  return { lines: [...merged.values()], limited }
}

function quantityBy(rule: MergeRule, own: number, other: number): number {
  switch (rule) {
    case 'sum':
      return own + other
    case 'max':
      return Math.max(own, other)
    case 'keep':
      return own
    case 'replace':
      return other
  }
}
