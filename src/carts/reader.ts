import { inBatches } from '../platform/batches.ts'
import type { Pool } from '../platform/postgres.ts'
import type { Cart } from './cart.ts'
import type { Facts, FactsReader } from './facts.ts'
import { readCarts } from './rows.ts'

/** A cart as it is stored, with what its prices depend on. */
export type ReadCart = Readonly<{ cart: Cart; facts: Facts; nowMs: number }>

/** Reads a cart. @returns undefined when it is not stored @throws the database's error */
export type CartReader = (cartId: string) => Promise<ReadCart | undefined>

/** Carts that are read by one round of statements. */
const readMax = 128

/** Reads carts that are asked for at the same time together. */
export function createCartReader(pool: Pool, readFacts: FactsReader, now: () => number): CartReader {
  return inBatches(async (cartIds: readonly string[]) => {
    const carts = await readCarts(pool, cartIds)
    const facts = await readFacts(pool, [...carts.values()], {})
    const nowMs = now()
    return cartIds.map(id => {
      const cart = carts.get(id)
      return cart && { cart, facts, nowMs }
    })
  }, readMax)
}
