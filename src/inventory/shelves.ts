import { arrayOf } from '../platform/array-text.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
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
 * The statement that reads without locks what can be reserved of items, and the locations of it; nothing for items that are not tracked. It
 * returns a row a location: a group of orders has thousands of items, and a row of each costs the driver and the server 2 µs.
 */
export function storedShelves(chrtIds: readonly number[]): Statement<Shelves> {
  return {
    text: `select location, '[' || string_agg(chrt_id::text, ',') || ']' as chrt_ids,
            '[' || string_agg((on_hand - reserved - unavailable)::text, ',') || ']' as available,
            '[' || string_agg(backorder_limit::text, ',') || ']' as backorder,
            (select json_agg(json_build_object('location', l.location, 'priority', l.priority, 'countries', l.countries, 'active', l.active))
               from locations l) as places
       from stock where chrt_id = any($1) group by location`,
    values: [arrayOf(chrtIds, chrtId => chrtId)],
    read: ({ rows }: { rows: readonly ShelvesRow[] }) => {
      const places = rows[0]?.places ?? []
      return { shelves: rows.flatMap(row => shelvesAt(row, places)), places }
    },
  }
}

function shelvesAt({ location, ...row }: ShelvesRow, places: readonly Place[]): Shelf[] {
  const { priority = 0, countries = [], active = false } = places.find(place => place.location === location) ?? {}
  const numbers = (text: string) => JSON.parse(text) as number[]
  const [available, backorder] = active ? [numbers(row.available), numbers(row.backorder)] : [[], []]
  return numbers(row.chrt_ids).map((chrtId, index): Shelf => {
    const [free = 0, more = 0] = [available[index], backorder[index]]
    return { chrtId, location, priority, countries, available: free, backorder: more }
  })
}

/** The columns of numbers are JSON: arrays in the order of the items. */
type ShelvesRow = Readonly<{
  location: string
  chrt_ids: string
  available: string
  backorder: string
  places: Place[]
}>

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
