import type { Pool } from '../platform/postgres.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type EventRow, fields, isSettled, type LogPage, toPage } from './log.ts'

/**
 * Events of the log by type and customer. What one call reads is bounded, whatever it is asked for: where an index leads to the
 * events they are all found; elsewhere so many events are looked at, and the caller goes on where that ended.
 */

/** Which events are wanted; what is undefined does not matter. */
export type Wanted = { types?: readonly string[] | undefined; customerId?: string | undefined }

/** A page of events that were looked for. */
export type Found = LogPage & {
  /** Up to where everything was looked at; undefined when that is all there is. */
  next: Checkpoint | undefined
}

/** The order in which the log is read, and what is behind a checkpoint in it. */
export type Direction = 'forward' | 'back'

const words = {
  forward: { order: 'xid, position', sequence: 'sequence', behind: '>', after: 'after' },
  back: { order: 'xid desc, position desc', sequence: 'sequence desc', behind: '<', after: 'before' },
}

/** So many events are looked at in one go, and so often for a page: by customer each one's order is looked up as well. */
const scannedMax = 1_000
const scansMax = { byType: 5, byCustomer: 1 }

/** A customer with more orders than that is found often enough among all events. */
const ordersMax = 200

/** Nearly every event is one, so it has no index. */
const placed = 'order.placed'

/**
 * The next events that are wanted, in the order of the log.
 *
 * @param limit the most events of the page; it may have fewer, or none, and still not be the last one
 * @param bytesMax the page ends with the event that goes beyond so many bytes of documents
 */
export async function searchLog(
  pool: Pool,
  from: Checkpoint,
  wanted: Wanted,
  limit: number,
  direction: Direction = 'forward',
  bytesMax?: number,
): Promise<Found> {
  const { types, customerId } = wanted
  const orderUids = customerId === undefined ? undefined : await findOrdersOf(pool, customerId)
  // One more than asked for tells whether there is a next page.
  const search = { from, wanted, limit: limit + 1, direction }
  const { rows, scannedTo } =
    orderUids !== undefined
      ? await ofOrders(pool, search, orderUids)
      : types !== undefined && customerId === undefined && !types.includes(placed)
        ? await ofTypes(pool, search, types)
        : await scan(pool, search)
  const page = await toPage(pool, rows.slice(0, limit), limit + 1, bytesMax)
  const isCut = rows.length > limit || !page.isAll
  const next = isCut ? page.events.at(-1)?.checkpoint : scannedTo
  return { events: page.events, isAll: next === undefined, next }
}

type Search = { from: Checkpoint; wanted: Wanted; limit: number; direction: Direction }
/** scannedTo: where the search ended for its bound; undefined when nothing more is there. */
type Rows = { rows: EventRow[]; scannedTo: Checkpoint | undefined }

/**
 * The orders of a customer; undefined when there are too many to look at each. The index has the beginnings of customers' names,
 * see the migration that made it.
 */
async function findOrdersOf(pool: Pool, customerId: string): Promise<string[] | undefined> {
  const { rows } = await pool.query<{ order_uid: string; fits: boolean }>(
    `select order_uid, customer_id = $1 as fits
       from (select order_uid, customer_id
               from orders
              where left(customer_id, 100) = left($1, 100)
              order by created_at, order_uid
              limit ${ordersMax + 1}) few`,
    [customerId],
  )
  if (rows.length > ordersMax) return undefined
  return rows.filter(({ fits }) => fits).map(({ order_uid }) => order_uid)
}

/** Each order is looked up by itself: given a list, the planner may rather read a whole table of which it knows little. */
async function ofOrders(pool: Pool, search: Search, orderUids: readonly string[]): Promise<Rows> {
  const { from, wanted, limit, direction } = search
  if (orderUids.length === 0) return { rows: [], scannedTo: undefined }
  const { order, sequence, behind } = words[direction]
  const { rows } = await pool.query<EventRow>(
    `select e.*
       from unnest($3::text[]) as wanted (order_uid)
      cross join lateral (
             select ${fields}
               from events
              where order_uid = wanted.order_uid and (xid, position) ${behind} ($1::xid8, $2::bigint) and ${isSettled}
                and ($4::text[] is null or type = any($4))
              order by ${sequence}
              limit $5) e
      order by ${order}
      limit $5`,
    [from.xid, from.position, orderUids, wanted.types ?? null, limit],
  )
  return { rows, scannedTo: undefined }
}

async function ofTypes(pool: Pool, { from, limit, direction }: Search, types: readonly string[]): Promise<Rows> {
  const { order, after } = words[direction]
  const { rows } = await pool.query<EventRow>(
    `select ${fields}
       from events_of_types_${after}($3, $1::xid8, $2::bigint, $4)
      order by ${order}
      limit $4`,
    [from.xid, from.position, [...new Set(types)], limit],
  )
  return { rows, scannedTo: undefined }
}

/** An event that was found, or where there was none a row with the bounds alone. */
type ScannedRow = { scanned: number; last_xid: string; last_position: string } & (EventRow | { order_uid: null })

/** Looks at one event after another, until there are enough, no more, or it has looked at as many as it may. */
async function scan(pool: Pool, search: Search): Promise<Rows> {
  const found: EventRow[] = []
  let scannedTo: Checkpoint | undefined = search.from
  const scans = search.wanted.customerId === undefined ? scansMax.byType : scansMax.byCustomer
  for (let count = 0; count < scans && scannedTo !== undefined && found.length < search.limit; count += 1) {
    const scanned: Rows = await scanOnce(pool, { ...search, from: scannedTo, limit: search.limit - found.length })
    found.push(...scanned.rows)
    scannedTo = scanned.scannedTo
  }
  return { rows: found, scannedTo }
}

async function scanOnce(pool: Pool, { from, wanted, limit, direction }: Search): Promise<Rows> {
  const { types, customerId } = wanted
  const { order, after } = words[direction]
  const { rows } = await pool.query<ScannedRow>(
    `with scanned as materialized (select * from events_${after}($1::xid8, $2::bigint, ${scannedMax})),
          last as (select xid as last_xid, position as last_position
                     from scanned
                    order by ${order.includes('desc') ? 'xid, position' : 'xid desc, position desc'}
                    limit 1)
     select found.*, last.*, (select count(*)::int from scanned) as scanned
       from last
       left join (select ${fields}
                    from scanned s
                   where ($3::text[] is null or type = any($3))
                     and ($4::text is null or
                          (select customer_id from orders where order_uid = s.order_uid limit 1) = $4)
                   order by ${order}
                   limit $5) found on true
      order by ${order}`,
    [from.xid, from.position, types ?? null, customerId ?? null, limit],
  )
  const [first] = rows
  const isAll = first === undefined || first.scanned < scannedMax
  const scannedTo = isAll ? undefined : { xid: first.last_xid, position: first.last_position }
  return { rows: rows.filter(row => row.order_uid !== null), scannedTo }
}
