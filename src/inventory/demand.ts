import type { NewOrder } from '../orders/new-order.ts'
import type { Demand, Shelf } from './allocation.ts'

/** What orders want. */

/** An order with what it wants of tracked items. */
export type Wanting = { readonly order: NewOrder; readonly demand: Demand }

/** The items of orders, each once. */
export function itemsOf(orders: readonly NewOrder[]): number[] {
  const chrtIds = new Set<number>()
  for (const { order } of orders) for (const { chrtId } of order.lines) chrtIds.add(chrtId)
  return [...chrtIds]
}

/** Shelves with nothing on them for the items that have none. */
export function emptyShelves(orders: readonly NewOrder[], shelves: readonly Shelf[]): Shelf[] {
  const tracked = new Set(shelves.map(({ chrtId }) => chrtId))
  const untracked = itemsOf(orders).filter(chrtId => !tracked.has(chrtId))
  return untracked.map(chrtId => ({ chrtId, location: '', priority: 0, countries: [], available: 0, backorder: 0 }))
}

/** What the orders want of tracked items, in the order in which they came. One line is one unit. */
export function demandsOf(orders: readonly NewOrder[], shelves: readonly Shelf[]): Wanting[] {
  const tracked = new Set(shelves.map(({ chrtId }) => chrtId))
  const isByCountry = shelves.some(({ countries }) => countries.length > 0)
  return orders
    .toSorted((a, b) => a.arrival - b.arrival)
    .flatMap(order => {
      const units = new Map<number, number>()
      for (const { chrtId } of order.order.lines) {
        if (tracked.has(chrtId)) units.set(chrtId, (units.get(chrtId) ?? 0) + 1)
      }
      if (units.size === 0) return []
      return [{ order, demand: { units, country: isByCountry ? countryOf(order.order.json) : undefined } }]
    })
}

/** Where an order goes, by its document as JSON; undefined where that says nothing. */
export function countryOf(json: string): string | undefined {
  const { delivery } = JSON.parse(json) as { delivery?: { country?: unknown } }
  return typeof delivery?.country === 'string' ? delivery.country : undefined
}
