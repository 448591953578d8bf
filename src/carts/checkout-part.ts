import { copyOfEvents, type NewEvent } from '../events/append.ts'
import { declareAttachment } from '../orders/attachment.ts'
import { itemsNow } from '../inventory/sellable-items.ts'
import type { NewOrder } from '../orders/new-order.ts'
import type { PlacementDecision, PlacementPart } from '../orders/placement-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import type { Cart } from './cart.ts'
import { useCodes } from './code-uses.ts'
import { copyOfUnits, decideUnits, findUnits, type LimitedUnits, unitsKey } from './customer-units.ts'
import { codeKey } from './discount.ts'
import { lockingLimits } from './limit-locks.ts'
import { areCurrent, type ItemStamps } from './recall.ts'
import { stampOf } from './remembered-carts.ts'
import { lockingCarts, updatingCarts } from './rows.ts'

/** The checkout of a cart, on the order that is made of it. */
export type CartCheckout = Readonly<{
  /** The cart as the order was made of it, and as it is when the order is placed. */
  before: Cart
  after: Cart
  /** The discount codes that apply, and who uses them or limited items (`customerKey`); the empty text where there are neither. */
  codes: readonly string[]
  buyer: string
  /** The units of items that limit their customers. */
  limited: readonly LimitedUnits[]
  event: NewEvent
  /** The items that it was priced by, where they were not read for it: the order is placed if they are still the same. */
  itemStamps: ItemStamps | undefined
}>

export const cartCheckout = declareAttachment<CartCheckout>('cart')

const hasCarts = (orders: readonly NewOrder[]) => orders.some(({ order }) => cartCheckout.of(order) !== undefined)

type Checkout = CartCheckout & Readonly<{ order: NewOrder }>

function checkoutsOf(orders: readonly NewOrder[]): Checkout[] {
  return orders.flatMap(order => {
    const checkout = cartCheckout.of(order.order)
    return checkout === undefined ? none : [{ ...checkout, order }]
  })
}

const none: [] = []

/**
 * Locks the carts that orders are made of, and what they use up: items are locked behind that. Rejects those of carts that have changed
 * meanwhile, or whose items have, or that another transaction has: the checkout begins again then. No cart becomes two orders.
 */
const locks: PlacementPart = {
  decidesFirst: true,
  rejectsWith: ['CART_CHANGED'],
  concerns: hasCarts,
  async decide(client, orders) {
    const checkouts = checkoutsOf(orders)
    const cartIds = checkouts.map(({ before }) => before.cartId).toSorted()
    const locking = lockingLimits(checkouts.flatMap(limitsOf))
    const chrtIds = [...new Set(checkouts.flatMap(({ itemStamps = noStamps }) => [...itemStamps.keys()]))]
    const statements = [lockingCarts(cartIds, cartIds), itemsNow(chrtIds, []), ...locking] as const
    const [{ busy, stamps }, items] = await inOneRoundTrip(client, statements)
    const stale = checkouts.filter(
      ({ before: { cartId, state }, before, itemStamps = noStamps }) =>
        busy.has(cartId) ||
        state !== 'open' ||
        stamps.get(cartId) !== stampOf(before) ||
        !areCurrent(itemStamps, items.stamps),
    )
    return decisions(orders, new Set(stale.map(({ order }) => order)))
  },
}

const noStamps: ItemStamps = new Map()

const limitsOf = ({ codes, limited }: CartCheckout) => [...codes.map(codeKey), ...limited.map(unitsKey)]

/**
 * Uses up the codes of carts and what their customers may have of items, and has the carts become orders. Of orders that share the last
 * uses the first get them.
 */
const checkouts: PlacementPart = {
  rejectsWith: ['CART_CHANGED'],
  concerns: orders => checkoutsOf(orders).some(checkout => limitsOf(checkout).length > 0),
  async decide(client, orders) {
    return decisions(orders, await useUp(client, checkoutsOf(orders)))
  },
  updates: placed => updatingCarts(checkoutsOf(placed)),
  rows(placed) {
    const checkouts = checkoutsOf(placed)
    if (checkouts.length === 0) return none
    const limited = checkouts.flatMap(checkout => checkout.limited)
    const events = copyOfEvents(checkouts.map(({ event }) => event))
    return limited.length === 0 ? [events] : [events, copyOfUnits(limited)]
  },
}

/** @returns the orders that may not use all that they want to: they have used nothing */
async function useUp(client: PoolClient, wanted: readonly Checkout[]): Promise<Set<NewOrder>> {
  const limited = wanted.flatMap(checkout => checkout.limited)
  const [customers, chrtIds] = [limited.map(({ customer }) => customer), limited.map(({ chrtId }) => chrtId)]
  const counts = await findUnits(client, [...new Set(customers)], [...new Set(chrtIds)])
  const tooMuch = decideUnits(limited, counts)
  const isTooMuch = ({ order }: Checkout) => tooMuch.has(order.order.orderUid)
  const usedUp = await useCodesOf(
    client,
    wanted.filter(checkout => !isTooMuch(checkout)),
  )
  return new Set([...wanted.flatMap(checkout => (isTooMuch(checkout) ? checkout.order : none)), ...usedUp])
}

async function useCodesOf(client: PoolClient, wanted: readonly Checkout[]): Promise<Set<NewOrder>> {
  const nowMs = Math.max(...wanted.map(({ order }) => order.placedAt.getTime()))
  const uses = wanted.map(({ order, codes, buyer }) => ({ orderUid: order.order.orderUid, codes, customer: buyer }))
  const usedUp = await useCodes(client, uses, nowMs)
  return new Set(wanted.flatMap(({ order }, index) => (usedUp[index] === undefined ? none : order)))
}

function decisions(orders: readonly NewOrder[], refused: ReadonlySet<NewOrder>): PlacementDecision[] {
  return orders.map(order => (refused.has(order) ? changed : accepted))
}

const accepted: PlacementDecision = { kind: 'accepted' }
const changed: PlacementDecision = { kind: 'rejected', code: 'CART_CHANGED', detail: 'the cart has changed meanwhile' }

export const cartPlacement: readonly PlacementPart[] = [locks, checkouts]
