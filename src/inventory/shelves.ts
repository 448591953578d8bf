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

/**
 * What can be reserved of items by a read without locks, and the locations of it; nothing for items that are not tracked. One round trip.
 */
export async function readShelves(
  client: PoolClient,
  chrtIds: readonly number[],
): Promise<{ shelves: Shelf[]; places: Place[] }> {
  const { rows } = await client.query<Place & { chrt_id: number; available: number; backorder: number }>(
    `select s.chrt_id::float8 as chrt_id, location, l.priority, l.countries, l.active,
            (on_hand - reserved - unavailable)::float8 as available, backorder_limit::float8 as backorder
       from stock s join locations l using (location)
      where s.chrt_id = any($1)`,
    [chrtIds],
  )
  const places = new Map(
    rows.map(({ location, priority, countries, active }) => [location, { location, priority, countries, active }]),
  )
  const shelves = rows.map(
    ({ chrt_id: chrtId, location, priority, countries, active, available, backorder }): Shelf => {
      return { chrtId, location, priority, countries, ...(active ? { available, backorder } : nothing) }
    },
  )
  return { shelves, places: [...places.values()] }
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
