import type { Checkpoint } from './checkpoint.ts'
import { type EventRow, factsOf, fields, type LogPage, pageBytesMax, toPage } from './event-rows.ts'
import { isSettled } from './log.ts'
import { type EventLog, orderStreamType } from './stream-definition.ts'

/**
 * Events of the log by type, stream, order and customer. What one call reads is bounded, whatever it is asked for: where an index
 * leads to the events they are all found; elsewhere a bounded number of events is examined, and the caller continues from there.
 */

/** Which events are wanted; what is undefined does not matter. */
export type Wanted = {
  /** With a type of stream, and no id of one, all of its types, so that an index finds them. */
  types?: readonly string[] | undefined
  streamType?: string | undefined
  streamId?: string | undefined
  /** What concerns this order, its own events among it. */
  orderUid?: string | undefined
  customerId?: string | undefined
}

/** A page of a search. */
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

/** How many events one statement examines, and how many statements a page takes: by customer each order is looked up too. */
const scannedMax = 1_000
const scansMax = { byType: 5, byCustomer: 1 }

/** The events of a customer with more streams of a type than this are found often enough by scanning. */
const streamsMax = 200

/** Nearly every event is one, so it has no index. */
const unindexedType = 'order.placed'

/** Whether every event is wanted. */
export function wantsAll({ types, streamType, streamId, orderUid, customerId }: Wanted): boolean {
  return [types, streamType, streamId, orderUid, customerId].every(condition => condition === undefined)
}

/** Whether an event is wanted. */
export function isWanted(
  event: { type: string; streamType: string; streamId: string; orderUid: string | null; customerId: string | null },
  { types, streamType, streamId, orderUid, customerId }: Wanted,
): boolean {
  return (
    (types === undefined || types.includes(event.type)) &&
    (streamType === undefined || event.streamType === streamType) &&
    (streamId === undefined || event.streamId === streamId) &&
    (orderUid === undefined || event.orderUid === orderUid) &&
    (customerId === undefined || event.customerId === customerId)
  )
}

/**
 * The next events that are wanted, in the order of the log.
 *
 * @param limit the most events of the page; it may have fewer, or none, and still not be the last one
 * @param bytesMax the page ends with the event whose document exceeds this many bytes
 */
export async function searchLog(
  log: EventLog,
  from: Checkpoint,
  wanted: Wanted,
  limit: number,
  direction: Direction = 'forward',
  bytesMax?: number,
): Promise<Found> {
  // One more than asked for tells whether there is a next page.
  const { rows, scannedTo } = await find(log, { from, wanted, limit: limit + 1, direction })
  const page = await toPage(log, rows.slice(0, limit), limit + 1, bytesMax)
  const isCut = rows.length > limit || !page.isAll
  const next = isCut ? page.events.at(-1)?.checkpoint : scannedTo
  // What an index does not look at is left out here, such as another customer's order.
  return { events: page.events.filter(event => isWanted(event, wanted)), isAll: next === undefined, next }
}

type Search = { from: Checkpoint; wanted: Wanted; limit: number; direction: Direction }
/** scannedTo: where the search ended for its bound; undefined when nothing more is there. */
type Rows = { rows: EventRow[]; scannedTo: Checkpoint | undefined }

/** Streams to look at each by itself: by id, orders with what concerns them, and others by type and id. */
type Streams = { own: string[]; concerning: string[]; others: { type: string | null; id: string }[] }

async function find(log: EventLog, search: Search): Promise<Rows> {
  const { types, streamType, streamId, orderUid, customerId } = search.wanted
  if (types?.length === 0) return { rows: [], scannedTo: undefined }
  if (orderUid !== undefined) return ofStreams(log, search, { own: [orderUid], concerning: [orderUid], others: [] })
  if (streamId !== undefined) {
    const own = streamType === undefined || streamType === orderStreamType ? [streamId] : []
    const others = streamType === orderStreamType ? [] : [{ type: streamType ?? null, id: streamId }]
    return ofStreams(log, search, { own, concerning: [], others })
  }
  if (customerId !== undefined) {
    const streams = await findStreamsOf(log, customerId)
    return streams === undefined ? scan(log, search) : ofStreams(log, search, streams)
  }
  if (types !== undefined && !types.includes(unindexedType)) return ofTypes(log, search, types)
  return scan(log, search)
}

/** The streams of a customer; undefined when there are too many to look at each. */
async function findStreamsOf({ pool, streams }: EventLog, customerId: string): Promise<Streams | undefined> {
  const found: Streams = { own: [], concerning: [], others: [] }
  for (const { type, findStreamsOf: findIds } of streams) {
    const ids = findIds === undefined ? [] : await findIds(pool, customerId, streamsMax)
    if (ids === undefined) return undefined
    if (type === orderStreamType) {
      found.own.push(...ids)
      found.concerning.push(...ids)
    } else found.others.push(...ids.map(id => ({ type, id })))
  }
  return found
}

/** Each stream is looked up by itself: given a list, the planner may rather read a whole table of which it knows little. */
async function ofStreams({ pool }: EventLog, search: Search, { own, concerning, others }: Streams): Promise<Rows> {
  const { from, wanted, limit, direction } = search
  if (own.length + concerning.length + others.length === 0) return { rows: [], scannedTo: undefined }
  const { order, sequence, behind } = words[direction]
  const eventsWhere = (condition: string, by: string) => `
             select ${fields}
               from events
              where ${condition} and (xid, position) ${behind} ($1::xid8, $2::bigint) and ${isSettled}
                and ($7::text[] is null or type = any($7))
                and ($8::text is null or stream_type = $8)
              order by ${by}
              limit $9`
  const { rows } = await pool.query<EventRow>(
    `select *
       from (select e.*
               from unnest($3::text[]) as stream (id)
              cross join lateral (${eventsWhere(`stream_type = '${orderStreamType}' and stream_id = stream.id`, sequence)}) e
              union all
             select e.*
               from unnest($4::text[]) as stream (id)
              cross join lateral (${eventsWhere('concerns_order = stream.id', order)}) e
              union all
             select e.*
               from unnest($5::text[], $6::text[]) as stream (type, id)
              cross join lateral (${eventsWhere(
                `stream_type <> '${orderStreamType}' and stream_id = stream.id and stream_type = coalesce(stream.type, stream_type)`,
                order,
              )}) e) found
      order by ${order}
      limit $9`,
    [
      from.xid,
      from.position,
      own,
      concerning,
      others.map(({ type }) => type),
      others.map(({ id }) => id),
      wanted.types ?? null,
      wanted.streamType ?? null,
      limit,
    ],
  )
  return { rows, scannedTo: undefined }
}

async function ofTypes({ pool }: EventLog, search: Search, types: readonly string[]): Promise<Rows> {
  const { from, limit, direction } = search
  const { order, after } = words[direction]
  const { rows } = await pool.query<EventRow>(
    `select ${fields}
       from log_of_types_${after}($3, $1::xid8, $2::bigint, $4)
      order by ${order}
      limit $4`,
    [from.xid, from.position, [...new Set(types)], limit],
  )
  return { rows, scannedTo: undefined }
}

/** Looks at one event after another, until there are enough, no more, or it has looked at as many as it may. */
async function scan(log: EventLog, search: Search): Promise<Rows> {
  const found: EventRow[] = []
  let scannedTo: Checkpoint | undefined = search.from
  const scans = search.wanted.customerId === undefined ? scansMax.byType : scansMax.byCustomer
  for (let count = 0; count < scans && scannedTo !== undefined && found.length < search.limit; count += 1) {
    const scanned: Rows = await scanOnce(log, { ...search, from: scannedTo, limit: search.limit - found.length })
    found.push(...scanned.rows)
    scannedTo = scanned.scannedTo
  }
  return { rows: found, scannedTo }
}

/** An event that was found, or where there was none a row with the bounds alone. */
type ScannedRow = { scanned: number; last_xid: string; last_position: string } & (EventRow | { stream_id: null })

async function scanOnce(log: EventLog, { from, wanted, limit, direction }: Search): Promise<Rows> {
  const { types, customerId } = wanted
  const { order, after } = words[direction]
  const { rows } = await log.pool.query<ScannedRow>(
    `with scanned as materialized (select * from log_${after}($1::xid8, $2::bigint, ${scannedMax})),
          last as (select xid as last_xid, position as last_position
                     from scanned
                    order by ${order.includes('desc') ? 'xid, position' : 'xid desc, position desc'}
                    limit 1)
     select found.*, last.*, (select count(*)::int from scanned) as scanned
       from last
       left join (select ${fields}
                    from scanned
                   where ($3::text[] is null or type = any($3))
                   order by ${order}
                   limit $4) found on true
      order by ${order}`,
    // Whose they are is found out of all of them.
    [from.xid, from.position, types ?? null, customerId === undefined ? limit : scannedMax],
  )
  const [first] = rows
  const isAll = first === undefined || first.scanned < scannedMax
  const scannedTo = isAll ? undefined : { xid: first.last_xid, position: first.last_position }
  const found = rows.filter(row => row.stream_id !== null)
  return {
    rows: customerId === undefined ? found : (await ofCustomer(log, found, customerId)).slice(0, limit),
    scannedTo,
  }
}

async function ofCustomer(log: EventLog, rows: readonly EventRow[], customerId: string): Promise<EventRow[]> {
  const facts = await factsOf(log, rows, pageBytesMax, false)
  return rows.filter((_, index) => facts[index]?.customerId === customerId)
}
