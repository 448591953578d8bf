import { arrayOf } from '../platform/array-text.ts'
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

export type Shelves = Readonly<{ shelves: Shelf[]; places: Place[] }>

/**
 * What can be reserved of items by a read without locks, and the locations of it; nothing for items that are not tracked. One round trip,
 * and one row: a group of orders has thousands of items, and a row of each costs the driver and the server 2 µs.
 */
export async function readShelves(client: PoolClient, chrtIds: readonly number[]): Promise<Shelves> {
  const { rows } = await client.query<ShelvesRow>(
    `select array_to_string(array_agg(chrt_id), ',') as chrt_ids, array_to_string(array_agg(location), ',') as locations,
            array_to_string(array_agg(on_hand - reserved - unavailable), ',') as available,
            array_to_string(array_agg(backorder_limit), ',') as backorder,
            (select json_agg(json_build_object('location', l.location, 'priority', l.priority, 'countries', l.countries, 'active', l.active))
               from locations l) as places
       from stock where chrt_id = any($1)`,
    [arrayOf(chrtIds, chrtId => chrtId)],
  )
  const [{ chrt_ids, locations, available, backorder, places } = noRow] = rows
  if (chrt_ids === null) return { shelves: [], places: [] }
  const byName = new Map(places.map(place => [place.location, place]))
  const [names, free, more] = [locations.split(','), available.split(','), backorder.split(',')]
  const shelves = chrt_ids.split(',').map((chrtId, index): Shelf => {
    const location = names[index] ?? ''
    const { priority = 0, countries = [], active = false } = byName.get(location) ?? {}
    const room = active ? { available: Number(free[index]), backorder: Number(more[index]) } : nothing
    return { chrtId: Number(chrtId), location, priority, countries, ...room }
  })
  return { shelves, places }
}

type ShelvesRow =
  | { chrt_ids: string; locations: string; available: string; backorder: string; places: Place[] }
  | { chrt_ids: null; locations: null; available: null; backorder: null; places: Place[] }

const noRow = { chrt_ids: null, locations: null, available: null, backorder: null, places: [] }

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
