import { findHeldByCarts } from '../inventory/cart-reservation-queries.ts'
import type { Item } from '../inventory/item.ts'
import { readItems } from '../inventory/item-queries.ts'
import { reservableOf } from '../inventory/stock.ts'
import { readStock } from '../inventory/stock-queries.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { type Cart, orderUidOf } from './cart.ts'
import { customerKey } from './code-uses.ts'
import { codeKey, type Discount } from './discount.ts'
import { findDiscounts, findUses, useKey } from './discount-queries.ts'
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
  methods: ReadonlyMap<string, DeliveryMethod>
  taxes: TaxTable
}>

/** What a change needs to know beside what the cart has already. */
export type WantedFacts = Readonly<{
  chrtIds?: readonly number[]
  codes?: readonly string[]
  /** As `buyerOf` makes them. */
  buyers?: readonly string[]
}>

/** Reads what prices depend on, for several carts together: a statement for each table, and none for what no cart has. */
export type FactsReader = (client: Pool | PoolClient, carts: readonly Cart[], wanted: WantedFacts) => Promise<Facts>

/** @param reserves whether carts reserve stock */
export function createFactsReader(lists: PriceLists, { reserves }: { reserves: boolean }): FactsReader {
  return async (client, carts, { chrtIds = [], codes = [], buyers = [] }) => {
    const { methods, taxes } = await lists.current()
    const items = [...new Set([...carts.flatMap(({ lines }) => lines.map(line => line.chrtId)), ...chrtIds])]
    const keys = [...new Set([...carts.flatMap(({ discountCodes }) => discountCodes), ...codes].map(codeKey))]
    const found = await readItems(client, items)
    const stock = await readStockFacts(client, carts, items, reserves)
    const discounts = await findDiscounts(client, keys)
    const counted = [...discounts].flatMap(([key, { usesPerCustomerMax }]) => (usesPerCustomerMax === null ? [] : key))
    const asked = [...new Set([...carts.flatMap(cart => buyerOf(cart) ?? []), ...buyers])]
    const uses = await findUses(client, counted, asked)
    return {
      items: new Map(found.map(item => [item.chrtId, item])),
      ...stock,
      discounts,
      usesBy: (code, buyer) => uses.get(useKey(code, buyer)) ?? 0,
      methods,
      taxes,
    }
  }
}

/** What there is of items, beside what carts have reserved of it. */
export async function readStockFacts(
  client: Pool | PoolClient,
  carts: readonly Cart[],
  chrtIds: readonly number[],
  reserves: boolean,
): Promise<Pick<Facts, 'available' | 'heldBy'>> {
  const stock = await readStock(client, chrtIds)
  const available = new Map<number, number>()
  for (const one of stock) available.set(one.chrtId, (available.get(one.chrtId) ?? 0) + reservableOf(one))
  if (!reserves || stock.length === 0) return { available, heldBy: () => 0 }
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

/** Who a cart's uses of codes are counted for; undefined: nobody knows yet. */
export function buyerOf({
  customerId,
  email,
  delivery,
}: Pick<Cart, 'customerId' | 'email' | 'delivery'>): string | undefined {
  const address = email ?? delivery?.email
  return customerId === undefined && address === undefined ? undefined : customerKey({ customerId, email: address })
}
