import type { Pool } from '../platform/postgres.ts'

/**
 * The horizon of the log: readers go only as far as the oldest transaction that runs, see `log.ts`. One that is left open keeps
 * every later event from them, and it may be another program's: transactions are numbered across all databases of a server.
 */

/** The transaction that readers of the log wait for. */
export type HorizonHolder = {
  /** Its server process; null for a transaction that was prepared (`prepare transaction`) and has none. */
  pid: number | null
  database: string
  /** Its `application_name`, or the name under which it was prepared. */
  application: string
  /** For how long it has been open; null when this role may not know. */
  seconds: number | null
}

export type Horizon = {
  /** Age of the oldest committed event that readers may not see yet; 0 when they may see all. */
  heldSeconds: number
  /** Null when there is none that has been open for a second: younger ones are the service's own work. */
  holder: HorizonHolder | null
}

/** A transaction whose age is not known counts when an event has waited this long. */
const notableSeconds = 1

/** Finds the oldest transaction by its number: process and database are shown to every role, its age is not. */
const horizonQuery = `
  with horizon as (select pg_snapshot_xmin(pg_current_snapshot()) as xid)
  select coalesce(extract(epoch from now() - first_event_after(
           (in_log(horizon.xid)::text::numeric - 1)::text::xid8, 999999999999999999)), 0)::float8 as held,
         holder.*
    from horizon
    left join lateral (
           select pid, coalesce(datname, '') as database, application_name as application,
                  extract(epoch from now() - xact_start)::float8 as seconds
             from pg_stat_activity
            where backend_xid = horizon.xid::xid
            union all
           select null, database, gid, extract(epoch from now() - prepared)::float8
             from pg_prepared_xacts
            where transaction = horizon.xid::xid
            limit 1) holder on true`

type HorizonRow = {
  held: number
  pid: number | null
  database: string | null
  application: string
  seconds: number | null
}

/** How long events have waited for an open transaction, and for which. */
export async function readHorizon(pool: Pool): Promise<Horizon> {
  const { rows } = await pool.query<HorizonRow>(horizonQuery)
  const [row] = rows
  if (row === undefined) throw new Error('the horizon of the log could not be read')
  const { held, pid, database, application, seconds } = row
  const heldSeconds = Math.max(held, 0)
  const isNotable = database !== null && (seconds ?? heldSeconds) >= notableSeconds
  return { heldSeconds, holder: isNotable ? { pid, database, application, seconds } : null }
}
