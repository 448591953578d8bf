import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import type { Item, Location, Stock } from './item.ts'

/** What the page of an item shows. */
export type ItemState = { item: Item; stock: Stock; locations: readonly Location[] }
export type ItemModel = Latest<ItemState>

/** An item with its stock and the locations that there are. @param id the number of the item, as the address has it */
export function readItem(id: string): ItemModel {
  const number = encodeURIComponent(id)
  return new Latest(async () => {
    const [item, stock, locations] = await Promise.all([
      ask<Item>(`/api/items/${number}`),
      ask<Stock>(`/api/stock/${number}`),
      ask<Location[]>('/api/locations'),
    ])
    return { item, stock, locations }
  })
}
