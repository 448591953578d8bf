import { inBatches } from '../platform/batches.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import type { Cart } from './cart.ts'
import type { Facts, FactsReader } from './facts.ts'
import { loadCarts } from './load.ts'
import type { RememberedCarts } from './remembered-carts.ts'

/** A cart as it is stored, with what its prices depend on. */
export type ReadCart = Readonly<{ cart: Cart; facts: Facts; nowMs: number }>

/** Reads a cart. @returns undefined when it is not stored @throws the database's error */
export type CartReader = (cartId: string) => Promise<ReadCart | undefined>

/** Carts that are read by one round of statements. */
const readMax = 128

/** Reads carts that are asked for at the same time together. */
export function createCartReader({
  pool,
  remembered,
  readFacts,
  now,
}: Readonly<{ pool: Pool; remembered: RememberedCarts; readFacts: FactsReader; now: () => number }>): CartReader {
  return inBatches(
    (cartIds: readonly string[]) =>
      withConnection(pool, async client => {
        const { carts, read } = await loadCarts(client, remembered, { cartIds: [...new Set(cartIds)] })
        const facts = await readFacts(client, [...carts.values()], {}, read)
        const nowMs = now()
        return cartIds.map(id => {
          const cart = carts.get(id)
          return cart && { cart, facts, nowMs }
        })
      }),
    readMax,
  )
}
