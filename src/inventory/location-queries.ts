import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Location } from './location.ts'

type LocationRow = Readonly<{
  location: string
  name: string
  priority: number
  countries: readonly string[]
  active: boolean
  updated_at: number
}>

const columns =
  'location, name, priority, countries, active, (extract(epoch from updated_at) * 1000)::float8 as updated_at'

function toLocation({ updated_at: updatedAtMs, ...row }: LocationRow): Location {
  return { ...row, updatedAtMs }
}

/** More locations than that no shop has. */
export const locationsMax = 1000

/** Every location, in the order in which orders take from them. */
export async function readLocations(client: Pool | PoolClient): Promise<Location[]> {
  const { rows } = await client.query<LocationRow>(
    `select ${columns} from locations l order by priority, l.location limit ${locationsMax}`,
  )
  return rows.map(toLocation)
}

/** A location; undefined when there is none of this name. */
export async function findLocation(client: Pool | PoolClient, location: string): Promise<Location | undefined> {
  const { rows } = await client.query<LocationRow>(`select ${columns} from locations l where l.location = $1`, [
    location,
  ])
  return rows[0] && toLocation(rows[0])
}

/** Which of these locations there are. */
export async function findLocations(client: PoolClient, locations: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ location: string }>('select location from locations where location = any($1)', [
    locations,
  ])
  return new Set(rows.map(({ location }) => location))
}

/**
 * Writes a location as it is from now on.
 *
 * @returns whether it is new; undefined when there are as many as there may be
 */
export async function saveLocation(pool: Pool, location: Location): Promise<boolean | undefined> {
  const { name, priority, countries, active, updatedAtMs } = location
  const values = [location.location, name, priority, countries, active, new Date(updatedAtMs)]
  const updated = await pool.query(
    `update locations set name = $2, priority = $3, countries = $4, active = $5, updated_at = $6 where location = $1`,
    values,
  )
  if (updated.rowCount === 1) return false
  const inserted = await pool.query(
    `insert into locations (location, name, priority, countries, active, updated_at)
     select $1, $2, $3, $4, $5, $6
      where (select count(*) from locations) < ${locationsMax}
     on conflict (location) do update
       set name = excluded.name, priority = excluded.priority, countries = excluded.countries, active = excluded.active,
           updated_at = excluded.updated_at`,
    values,
  )
  return inserted.rowCount === 1 ? true : undefined
}
