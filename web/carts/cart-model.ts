import { signal } from '@preact/signals'
import { ask } from '../platform/api.ts'
import type { Cart } from './cart.ts'

/** A cart with its prices, read again while its page is open. */
export class CartModel {
  readonly cart = signal<Cart | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  readonly #address: string
  #asked = 0
  #shown = 0

  /** @param id of the cart, as the address has it */
  constructor(id: string) {
    this.#address = `/api/carts/${encodeURIComponent(id)}`
  }

  /** Reads the cart. Of reads that overtake each other the one that began last is shown. */
  async load(): Promise<void> {
    this.#asked += 1
    const turn = this.#asked
    try {
      const cart = await ask<Cart>(this.#address)
      if (turn < this.#shown) return
      this.#shown = turn
      this.cart.value = cart
      this.failure.value = undefined
    } catch (error) {
      if (turn >= this.#shown) this.failure.value = error
    }
  }
}
