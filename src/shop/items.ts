import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import type { Item } from '../inventory/item.ts'
import { type ItemFilter, listItems, readItems } from '../inventory/item-queries.ts'
import { reservableByItem } from '../inventory/stock.ts'
import { readStock } from '../inventory/stock-queries.ts'
import type { Pool } from '../platform/postgres.ts'
import { createSlots } from '../platform/slots.ts'
import type { ShopItem } from './views.ts'

/** How long an answer is given again, in milliseconds, how many are kept, and how many are read at a time. */
const freshMs = 1_000
const keptMax = 500
const readsMax = 4
/** How many reads wait or run; more are refused. */
const waitingMax = 200

export type ShopPage = Readonly<{ items: readonly ShopItem[]; next: number | undefined }>

/** Reads what the shop offers; each answer is kept for a moment, since anybody may ask. Throws AppError OVERLOADED, or the database's error. */
export type ShopItems = Readonly<{
  /** A page of items by their numbers. @param search text queries of PostgreSQL, one for each word; undefined: all @param after the number before the page */
  list(search: readonly string[] | undefined, after: number | undefined, limit: number): Promise<ShopPage>
  /** One item; undefined when it is not sold. */
  read(chrtId: number): Promise<ShopItem | undefined>
}>

export function createShopItems({ pool, now }: { pool: Pool; now: () => number }): ShopItems {
  const kept = new LRUCache<string, Promise<unknown>>({ max: keptMax, ttl: freshMs })
  const inSlot = createSlots(readsMax)
  let waiting = 0

  async function briefly<Result>(key: string, read: () => Promise<Result>): Promise<Result> {
    const known = kept.get(key)
    if (known !== undefined) return known as Promise<Result>
    if (waiting >= waitingMax) throw new AppError('OVERLOADED', 'too much is asked of the shop')
    waiting += 1
    const reading = inSlot(read)
    kept.set(key, reading)
    const forget = () => {
      if (kept.peek(key) === reading) kept.delete(key)
    }
    reading.catch(forget).finally(() => {
      waiting -= 1
    })
    return reading
  }

  const offered = async (items: readonly Item[]) => offerOf(items, await availableOf(pool, items), now())
  return {
    list: (search, after, limit) =>
      briefly(JSON.stringify([search, after, limit]), async () => {
        const filter: ItemFilter = { search, chrtIds: undefined, nmId: undefined, active: true }
        const { items, next } = await listItems(pool, filter, after, limit)
        return { items: await offered(items), next }
      }),
    read: chrtId =>
      briefly(JSON.stringify(chrtId), async () => {
        const found = await readItems(pool, [chrtId])
        return (await offered(found.filter(({ active }) => active))).at(0)
      }),
  }
}

/** How many units can still be ordered, of items that are tracked. */
async function availableOf(pool: Pool, items: readonly Item[]): Promise<ReadonlyMap<number, number>> {
  const stocks = await readStock(
    pool,
    items.map(({ chrtId }) => chrtId),
  )
  return reservableByItem(stocks)
}

/** Items as they are offered, without those that are not sold yet. Pure. */
export function offerOf(items: readonly Item[], available: ReadonlyMap<number, number>, nowMs: number): ShopItem[] {
  return items
    .filter(({ availableFromMs }) => availableFromMs === undefined || availableFromMs <= nowMs)
    .map(item => {
      const most = Math.min(item.maxQuantity ?? Infinity, item.maxPerCustomer ?? Infinity)
      return {
        chrt_id: item.chrtId,
        nm_id: item.nmId,
        name: item.name,
        brand: item.brand,
        size: item.size,
        prices: item.prices,
        sale: item.sale,
        available: available.get(item.chrtId) ?? null,
        min_quantity: item.minQuantity,
        max_quantity: Number.isFinite(most) ? most : null,
        quantity_step: item.quantityStep,
      }
    })
}
