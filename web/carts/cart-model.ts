import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import type { Cart } from './cart.ts'

/** A cart with its prices. @param id as the address has it */
export function readCart(id: string): Latest<Cart> {
  return new Latest(() => ask<Cart>(`/api/carts/${encodeURIComponent(id)}`))
}
