import { addressOf } from '../platform/address.ts'

export const paths = { items: '/items', item: '/items/:id', low: '/low-stock', shortfalls: '/shortfalls' } as const

/** The address of an item's page. */
export function itemAddress(chrtId: number): string {
  return addressOf(paths.item, { id: String(chrtId) })
}

/** The address of the list of items, narrowed by the API's own parameters. */
export function itemsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.items, { query })
}

/** The address of the items that are low or out of stock, narrowed by the API's own parameters. */
export function lowAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.low, { query })
}
