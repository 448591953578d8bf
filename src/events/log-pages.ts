import type { Pool } from '../platform/postgres.ts'
import { pageSizeMax } from '../platform/query.ts'
import { type LoggedEvent, type LogPage, readLog, readLogBack } from './log.ts'
import type { LogPlace } from './place.ts'

/** Which events somebody wants, and how many of them. */
export type Wanted = {
  limit: number
  /** Undefined: of every type. */
  types: readonly string[] | undefined
  /** Undefined: of orders of anybody. */
  customerId: string | undefined
}

function isWanted({ types, customerId }: Wanted, event: LoggedEvent): boolean {
  return (
    (types === undefined || types.includes(event.type)) && (customerId === undefined || event.customerId === customerId)
  )
}

/** Without a filter a page of the log is the page that is asked for. */
function pageSizeOf({ limit, types, customerId }: Wanted): number {
  return types === undefined && customerId === undefined ? limit : pageSizeMax
}

/** Looks through the log for a page: what a filter leaves out is never sent, but has to be passed. */
export async function readFiltered(pool: Pool, from: LogPlace, wanted: Wanted): Promise<LogPage> {
  const { limit } = wanted
  for (let place = from; ; ) {
    const found = await readLog(pool, place, pageSizeOf(wanted))
    const events = found.events.filter(event => isWanted(wanted, event))
    if (events.length > limit) return { events: events.slice(0, limit), isAll: false }
    if (events.length > 0 || found.isAll) return { events, isAll: found.isAll }
    place = found.events.at(-1)?.place ?? place
  }
}

/** So many pages of the log are looked through for one that is asked for. */
const pagesBackMax = 10

/**
 * The events before a place, newest first. A filter that fits few is not searched for through the whole log at once.
 *
 * @returns next: before this place it goes on; undefined at the beginning of the log
 */
export async function readFilteredBack(
  pool: Pool,
  before: LogPlace,
  wanted: Wanted,
): Promise<{ events: LoggedEvent[]; next: LogPlace | undefined }> {
  const events: LoggedEvent[] = []
  let next: LogPlace | undefined = before
  for (let pages = 0; pages < pagesBackMax && next !== undefined && events.length < wanted.limit; pages += 1) {
    const found = await readLogBack(pool, next, pageSizeOf(wanted))
    const fitting = found.events.filter(event => isWanted(wanted, event))
    const taken = fitting.slice(0, wanted.limit - events.length)
    events.push(...taken)
    if (taken.length < fitting.length) next = taken.at(-1)?.place
    else next = found.isAll ? undefined : found.events.at(-1)?.place
  }
  return { events, next }
}
