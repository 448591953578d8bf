import { findHeldByCarts } from '../inventory/cart-reservation-queries.ts'
import type { Item } from '../inventory/item.ts'
import { stampedItems } from '../inventory/item-queries.ts'
import type { SellableItems } from '../inventory/remembered-items.ts'
import { itemsNow } from '../inventory/sellable-items.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { type Cart, orderUidOf } from './cart.ts'
import { customerKey } from './code-uses.ts'
import { codeKey, type Discount } from './discount.ts'
import { findUnits, unitsKey } from './customer-units.ts'
import { findDiscounts, findUses, useKey } from './discount-queries.ts'
import { noItems } from './load.ts'
import type { PriceLists } from './price-lists.ts'
import type { DeliveryMethod } from './delivery-method.ts'
import type { TaxTable } from './tax-rate.ts'

/** What the prices of carts depend on beside the carts. */
export type Facts = Readonly<{
  /** Items by their numbers. */
  items: ReadonlyMap<number, Item>
  /** How many units can still be reserved, of items that are tracked. */
  available: ReadonlyMap<number, number>
  /** How many units of an item a cart has reserved itself; they are not among those that can still be reserved. */
  heldBy: (cartId: string, chrtId: number) => number
  /** By `codeKey`. */
  discounts: ReadonlyMap<string, Discount>
  /** How many orders of a buyer (`customerKey`) use a code. */
  usesBy: (code: string, buyer: string) => number
  /** How many units of an item that limits its customers a buyer (`customerKey`) has ordered. */
  orderedBy: (chrtId: number, buyer: string) => number
  methods: ReadonlyMap<string, DeliveryMethod>
  taxes: TaxTable
}>

/** What a change needs to know beside what the cart has already. */
export type WantedFacts = Readonly<{
  chrtIds?: readonly number[]
  codes?: readonly string[]
  /** Who may buy then, beside those of the carts. */
  buyers?: readonly Buyer[]
}>

/** Who buys, as far as a cart or a change of it says. */
export type Buyer = Pick<Cart, 'customerId' | 'email' | 'delivery'>

/**
 * Reads what prices depend on, for several carts together: a statement for each table, and none for what no cart has.
 *
 * @param read items that were read with the carts
 */
export type FactsReader = (
  client: PoolClient,
  carts: readonly Cart[],
  wanted: WantedFacts,
  read?: SellableItems,
) => Promise<Facts>

/** @param reserves whether carts reserve stock */
export function createFactsReader(lists: PriceLists, { reserves }: { reserves: boolean }): FactsReader {
  return async (client, carts, { chrtIds = [], codes = [], buyers = [] }, read = noItems) => {
    const { methods, taxes } = await lists.current()
    const wanted = [...new Set([...carts.flatMap(({ lines }) => lines.map(line => line.chrtId)), ...chrtIds])]
    const keys = [...new Set([...carts.flatMap(({ discountCodes }) => discountCodes), ...codes].map(codeKey))]
    const { items, reservable } = await complete(client, read, wanted)
    const stock = await stockFactsOf(client, carts, reservable, reserves)
    const discounts = await findDiscounts(client, keys)
    const counted = [...discounts].flatMap(([key, { usesPerCustomerMax }]) => (usesPerCustomerMax === null ? [] : key))
    const limited = items.flatMap(({ chrtId, maxPerCustomer }) => (maxPerCustomer === undefined ? [] : chrtId))
    const isCounted = counted.length + limited.length > 0
    const asked = isCounted ? [...new Set([...carts, ...buyers].flatMap(buyer => buyerOf(buyer) ?? []))] : []
    const uses = await findUses(client, counted, asked)
    const units = await findUnits(client, asked, limited)
    return {
      items: new Map(items.map(item => [item.chrtId, item])),
      ...stock,
      discounts,
      usesBy: (code, buyer) => uses.get(useKey(code, buyer)) ?? 0,
      orderedBy: (chrtId, customer) => units.get(unitsKey({ customer, chrtId })) ?? 0,
      methods,
      taxes,
    }
  }
}

/** Adds the items that were not read yet. */
async function complete(
  client: PoolClient,
  { chrtIds, items, reservable }: SellableItems,
  wanted: readonly number[],
): Promise<Pick<SellableItems, 'items' | 'reservable'>> {
  const missing = wanted.filter(chrtId => !chrtIds.has(chrtId))
  if (missing.length === 0) return { items, reservable }
  const [others, { units }] = await inOneRoundTrip(client, [stampedItems(missing), itemsNow([], missing)])
  return { items: [...items, ...others.map(({ item }) => item)], reservable: new Map([...reservable, ...units]) }
}

/** What there is of items, beside what carts have reserved of it. */
export async function readStockFacts(
  client: PoolClient,
  carts: readonly Cart[],
  chrtIds: readonly number[],
  reserves: boolean,
): Promise<Pick<Facts, 'available' | 'heldBy'>> {
  const [{ units }] = await inOneRoundTrip(client, [itemsNow([], chrtIds)])
  return stockFactsOf(client, carts, units, reserves)
}

async function stockFactsOf(
  client: PoolClient,
  carts: readonly Cart[],
  available: ReadonlyMap<number, number>,
  reserves: boolean,
): Promise<Pick<Facts, 'available' | 'heldBy'>> {
  if (!reserves || available.size === 0) return { available, heldBy: () => 0 }
  const held = await findHeldByCarts(
    client,
    carts.map(({ cartId }) => orderUidOf(cartId)),
  )
  return {
    available,
    heldBy: (cartId, chrtId) =>
      (held.get(orderUidOf(cartId)) ?? []).reduce((sum, take) => sum + (take.chrtId === chrtId ? take.quantity : 0), 0),
  }
}

/** How many units of an item the customer of a cart has ordered before; 0 where the item does not limit that. */
export function orderedBefore(
  cart: Buyer,
  { chrtId, maxPerCustomer }: Pick<Item, 'chrtId' | 'maxPerCustomer'>,
  { orderedBy }: Pick<Facts, 'orderedBy'>,
): number {
  const buyer = maxPerCustomer === undefined ? undefined : buyerOf(cart)
  return buyer === undefined ? 0 : orderedBy(chrtId, buyer)
}

/** Who a cart's uses of codes and of limited items are counted for; undefined: nobody knows yet. */
export function buyerOf({ customerId, email, delivery }: Buyer): string | undefined {
  const address = email ?? delivery?.email
  return customerId === undefined && address === undefined ? undefined : customerKey({ customerId, email: address })
}
