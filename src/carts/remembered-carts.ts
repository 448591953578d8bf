import { LRUCache } from 'lru-cache'
import { createRememberedItems, type RememberedItems } from '../inventory/remembered-items.ts'
import type { Cart } from './cart.ts'

/** The most carts that are remembered; larger ones are not. */
const cartsMax = 2_000
const linesRememberedMax = 20

/**
 * Carts as this instance has saved them last: reading one back costs more than comparing its stamp with the stored one, and a cart
 * that is changed is usually changed again. What is remembered is used only where the stamp says that it is still stored like that.
 */
export type RememberedCarts = Readonly<{
  /** @returns those that are remembered, by id */
  of(cartIds: readonly string[]): Map<string, Cart>
  keep(carts: Iterable<Cart>): void
  /** Forgets a cart: it is not changed any more. */
  forget(cartId: string): void
  /** What they have in them. */
  items: RememberedItems
  /** Forgets everything: the database is another one. */
  clear(): void
}>

export function createRememberedCarts(): RememberedCarts {
  const remembered = new LRUCache<string, Cart>({ max: cartsMax })
  const items = createRememberedItems()
  return {
    of: cartIds =>
      new Map(
        cartIds.flatMap(cartId => {
          const cart = remembered.peek(cartId)
          return cart === undefined ? [] : [[cartId, cart] as const]
        }),
      ),
    keep(carts) {
      for (const cart of carts) {
        if (isSmall(cart)) remembered.set(cart.cartId, cart)
        else remembered.delete(cart.cartId)
      }
    },
    forget: cartId => void remembered.delete(cartId),
    items,
    clear() {
      remembered.clear()
      items.clear()
    },
  }
}

/** A few kB: what a cart is usually. One that is over is not changed any more. */
function isSmall({ state, lines, note, metadata }: Cart): boolean {
  return state === 'open' && lines.length <= linesRememberedMax && note === undefined && metadata === undefined
}

/** Another one after every change of a cart: those by its owner, its events, and what the sweep notes. */
export function stampOf({
  version,
  sequence,
  state,
  nextLookAtMs = 0,
}: Pick<Cart, 'version' | 'sequence' | 'state' | 'nextLookAtMs'>): string {
  return `${version} ${sequence} ${state} ${nextLookAtMs}`
}
