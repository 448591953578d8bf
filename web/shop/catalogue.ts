import { signal } from '@preact/signals'
import type { ShopItem } from '../../src/shop/views.ts'
import { nextPage } from '../platform/api.ts'
import { call } from './api.ts'

export type { ShopItem }

/** The items of a product, one for each size. */
export type Product = Readonly<{ nmId: number; name: string; brand: string; items: readonly ShopItem[] }>

const firstPage = '/api/shop/items?limit=60'

/** What the shop offers, page by page, of one search at a time. */
export class Catalogue {
  /** Undefined until the first page is there. */
  readonly items = signal<readonly ShopItem[] | undefined>(undefined)
  readonly isLoading = signal(false)
  readonly failure = signal<unknown>(undefined)
  readonly isComplete = signal(true)
  /** What the items were found by; empty: all of them. */
  readonly found = signal('')
  #next: string | undefined
  #running = new AbortController()

  /** Looks for items; a search that is under way is given up. @param text empty: all of them */
  search(text: string): Promise<void> {
    const address = text === '' ? firstPage : `${firstPage}&q=${encodeURIComponent(text)}`
    return this.#read(address, page => {
      this.found.value = text
      return page
    })
  }

  /** Reads the next page. */
  async more(): Promise<void> {
    if (this.#next !== undefined && !this.isLoading.peek())
      await this.#read(this.#next, page => [...(this.items.peek() ?? []), ...page])
  }

  async #read(address: string, join: (page: readonly ShopItem[]) => readonly ShopItem[]): Promise<void> {
    this.#running.abort()
    const running = new AbortController()
    this.#running = running
    const { signal } = running
    this.isLoading.value = true
    try {
      const response = await call(address, { signal })
      const page = (await response.json()) as ShopItem[]
      this.#next = nextPage(response)
      this.isComplete.value = this.#next === undefined
      this.items.value = join(page)
      this.failure.value = undefined
    } catch (error) {
      if (!signal.aborted) this.failure.value = error
    } finally {
      if (!signal.aborted) this.isLoading.value = false
    }
  }
}

/** Items by product, in the order in which products come. Pure. */
export function productsOf(items: readonly ShopItem[]): Product[] {
  const products = new Map<number, ShopItem[]>()
  for (const item of items) products.set(item.nm_id, [...(products.get(item.nm_id) ?? []), item])
  return [...products].map(([nmId, ofProduct]) => ({
    nmId,
    name: ofProduct[0]?.name ?? '',
    brand: ofProduct[0]?.brand ?? '',
    items: ofProduct,
  }))
}

/** What a unit costs after sale, in the minor unit: half up, as the contract rounds. Pure. */
export function priceAfterSale(price: number, sale: number): number {
  return Number((BigInt(price) * BigInt(100 - sale) + 50n) / 100n)
}

/** The currencies that items have prices in, in alphabetical order. Pure. */
export function currenciesOf(items: readonly ShopItem[]): string[] {
  return [...new Set(items.flatMap(({ prices }) => Object.keys(prices)))].sort()
}

/** The fewest units that can be ordered of an item: a multiple of its step. Pure. */
export function fewestOf({ min_quantity: least, quantity_step: step }: ShopItem): number {
  return Math.ceil(least / step) * step
}
