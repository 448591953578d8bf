import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Shelf } from './allocation.ts'
import { availableOf, type Stock } from './stock.ts'

/** A location as far as the allocation of stock depends on it. */
export type Place = Readonly<{ location: string; priority: number; countries: readonly string[]; active: boolean }>

/** Every location: there are few. */
export async function readPlaces(client: Pool | PoolClient): Promise<Place[]> {
  const { rows } = await client.query<Place>('select location, priority, countries, active from locations')
  return rows
}

/** What can be reserved of stock. At a location that is not active that is nothing, and the item is tracked all the same. */
export function shelvesOf(stocks: readonly Stock[], places: readonly Place[]): Shelf[] {
  const byName = new Map(places.map(place => [place.location, place]))
  return stocks.map(stock => {
    const { chrtId, location } = stock
    const { priority = 0, countries = [], active = false } = byName.get(location) ?? {}
    const room = active ? { available: availableOf(stock), backorder: stock.backorderLimit } : nothing
    return { chrtId, location, priority, countries, ...room }
  })
}

const nothing = { available: 0, backorder: 0 }
