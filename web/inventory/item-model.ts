import { signal } from '@preact/signals'
import { ask } from '../platform/api.ts'
import type { Item, Location, Stock } from './item.ts'

/** What the page of an item shows. */
export type ItemState = { item: Item; stock: Stock; locations: readonly Location[] }

/** An item with its stock and the locations that there are, read again when something has happened. */
export class ItemModel {
  readonly state = signal<ItemState | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  readonly #id: string
  #asked = 0
  #shown = 0

  /** @param id the number of the item, as the address has it */
  constructor(id: string) {
    this.#id = encodeURIComponent(id)
  }

  /** Reads what is shown. Of reads that overtake each other the one that began last is shown. */
  async load(): Promise<void> {
    this.#asked += 1
    const turn = this.#asked
    try {
      const [item, stock, locations] = await Promise.all([
        ask<Item>(`/api/items/${this.#id}`),
        ask<Stock>(`/api/stock/${this.#id}`),
        ask<Location[]>('/api/locations'),
      ])
      if (turn < this.#shown) return
      this.#shown = turn
      this.state.value = { item, stock, locations }
      this.failure.value = undefined
    } catch (error) {
      if (turn >= this.#shown) this.failure.value = error
    }
  }
}
