import { AppError } from '../errors.ts'
import { typeFor } from '../platform/accept.ts'
import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { pageAnswer, problemAnswer, queryParameters, severalOf } from '../platform/openapi.ts'
import type { Pool } from '../platform/postgres.ts'
import { invalidQuery, pageSizeMax, QueryReader } from '../platform/query.ts'
import { type Checkpoint, compareCheckpoints, decodeCursor, encodeCursor, logStart } from './checkpoint.ts'
import { encodeEvent } from './encode.ts'
import type { EventFeed } from './feed.ts'
import { lookUpCheckpoint, readFirstSequence, readLogEnd, readOrderLog } from './log.ts'
import { type EventsPage, readPage } from './log-pages.ts'
import type { Wanted } from './log-search.ts'
import { anyEnvelope } from './schemas.ts'
import { streamEvents } from './stream.ts'

const paging = {
  limit: {
    description: 'Events on a page; not live',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  after: {
    description: 'Events behind this one: the id of a server-sent event; 0-0: all that the log still has',
    schema: { type: 'string' },
  },
  cursor: { description: 'The same, as taken from a Link header; it goes before after', schema: { type: 'string' } },
}
const sorting = {
  sort: {
    description: 'newest: the newest events first, and the Link leads to older ones; not with after, and not live',
    schema: { title: 'EventOrdering', type: 'string', enum: ['oldest', 'newest'], default: 'oldest' },
  },
}
const filtersBy = (types: readonly string[]) => ({
  type: severalOf({ title: 'EventType', type: 'string', enum: types }, 'One or several types, with commas'),
  customer_id: { description: 'Of orders of this customer', schema: { type: 'string' } },
})

/** A page of events, or the same as a stream. @param event the view of an event; headers: further ones */
function eventsAnswer(event: object, headers?: Record<string, unknown>) {
  const page = pageAnswer(
    'A page with a Link to the next, which may hold fewer events than asked for, or none; or live, from then on without end',
    event,
    headers,
  )
  const schema = { type: 'string', description: 'id: the cursor, event: the type, data: the event as JSON' }
  return { ...page, content: { ...(page.content as object), 'text/event-stream': { schema } } }
}

const refusals = {
  406: problemAnswer('Accept allows neither JSON nor a stream'),
  400: problemAnswer('A parameter is wrong, or the cursor is not of this log; errors lists all'),
  410: problemAnswer('Events behind the cursor were dropped: CURSOR_DROPPED'),
}

const firstSequence = {
  'First-Sequence': {
    description:
      'The sequence of the first event of the order that the log has, on the first page: above 1 where older ones were dropped',
    schema: { type: 'integer', minimum: 1 },
  },
}

const lastEventId = { name: 'Last-Event-ID', in: 'header', description: 'Like after', schema: { type: 'string' } }

type Options = {
  pool: Pool
  feed: EventFeed
  /** Every type of event there is. */
  types: readonly string[]
}

/** The log over HTTP: in pages, or live as server-sent events. */
export function eventRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  const event = anyEnvelope(options.types)
  return [
    {
      ...get,
      path: '/api/events',
      operation: {
        operationId: 'listEvents',
        summary: 'Read or follow everything that happens',
        description: 'Live from now on, or from Last-Event-ID on, with Accept: text/event-stream.',
        tags: ['events'],
        parameters: [...queryParameters({ ...paging, ...sorting, ...filtersBy(options.types) }), lastEventId],
        responses: { 200: eventsAnswer(event), ...refusals },
      },
      handle: call => everything(call, options),
    },
    {
      ...get,
      path: '/api/orders/:id/events',
      operation: {
        operationId: 'listOrderEvents',
        summary: 'Read or follow the history of an order',
        description: 'Live from its first event on, or from Last-Event-ID on, with Accept: text/event-stream.',
        tags: ['events'],
        parameters: [...queryParameters(paging), lastEventId],
        responses: {
          200: eventsAnswer(event, firstSequence),
          ...refusals,
          404: problemAnswer('There is no such order'),
        },
      },
      handle: call => ofOrder(call, options),
    },
  ]
}

async function everything(call: Call, { pool, feed, types }: Options): Promise<Response> {
  const query = readQuery(call, { ...paging, ...sorting, ...filtersBy(types) }, types)
  if (query.isNewestFirst) {
    return page(call, await readPage(pool, query.after ?? (await readLogEnd(pool)), query, 'back'))
  }
  if (wantsStream(call)) {
    const isSettled = await assertReadable(pool, query.after)
    return streamEvents(feed, (isSettled ? query.after : undefined) ?? (await readLogEnd(pool)), query)
  }
  const found = await readPage(pool, query.after ?? logStart, query, 'forward')
  await assertReadable(pool, query.after)
  return page(call, found)
}

async function ofOrder(call: Call, { pool, feed }: Options): Promise<Response> {
  const orderUid = call.params.id ?? ''
  const query = readQuery(call, paging)
  const after = query.after ?? logStart
  const isName = !orderUid.includes('\0')
  const found = isName ? await readOrderLog(pool, orderUid, after, query.limit) : { events: [], isAll: true }
  await assertReadable(pool, query.after)
  const isBeginning = compareCheckpoints(after, logStart) === 0
  const first = found.events[0]?.sequence ?? (isName ? await readFirstSequence(pool, orderUid) : undefined)
  if (first === undefined) throw new AppError('ORDER_NOT_FOUND', `no order is stored under ${orderUid}`)
  if (wantsStream(call)) return streamEvents(feed, after, { orderUid })
  const next = found.isAll ? undefined : found.events.at(-1)?.checkpoint
  return page(call, { events: found.events, next }, isBeginning ? { 'first-sequence': String(first) } : {})
}

type Query = Wanted & {
  limit: number
  after: Checkpoint | undefined
  /** Then `after` is where the page ends, and older events are before it. */
  isNewestFirst: boolean
}

/** A page may hold fewer events than asked for, or none, and still have a next one. */
function page(call: Call, { events, next }: EventsPage, headers: Record<string, string> = {}): Response {
  const link = next === undefined ? {} : { link: linkToNext(call.request.url, encodeCursor(next)) }
  return new Response(`[${events.map(encodeEvent).join(',')}]`, {
    headers: { 'content-type': 'application/json', vary: 'accept', ...link, ...headers },
  })
}

function wantsStream(call: Call): boolean {
  return typeFor(call.request, ['application/json', 'text/event-stream']) === 'text/event-stream'
}

/**
 * A cursor that this log cannot have handed out, or whose next events are gone, would make its reader miss them in silence.
 *
 * @returns whether every event before it can be read; one of an order's own history can be ahead of that
 */
async function assertReadable(pool: Pool, checkpoint: Checkpoint | undefined): Promise<boolean> {
  const found = checkpoint === undefined ? 'kept' : await lookUpCheckpoint(pool, checkpoint)
  if (found === 'kept' || found === 'unsettled') return found === 'kept'
  if (found === 'away') throw new AppError('STORE_UNAVAILABLE', 'the event log goes on in a moment')
  if (found === 'dropped') {
    throw new AppError('CURSOR_DROPPED', 'the log does not go back so far any more; 0-0 reads all that it still has')
  }
  throw invalidQuery([{ pointer: '/after', detail: 'must be a cursor of this log, and the log has not come so far' }])
}

function readQuery(call: Call, known: Readonly<Record<string, unknown>>, knownTypes: readonly string[] = []): Query {
  const query = new QueryReader(new URL(call.request.url).searchParams, known)
  const isStream = wantsStream(call)
  const limit = query.limit()
  if (isStream && query.text('limit') !== undefined) query.refuse('limit', 'left out of a stream')
  // A browser that comes back says where it was in the header, and goes on asking for the address it began with.
  const cursor = call.request.headers.get('last-event-id') || (query.text('cursor') ?? query.text('after'))
  const after = cursor === undefined ? undefined : decodeCursor(cursor)
  if (cursor !== undefined && after === undefined)
    query.refuse('after', 'the id of a server-sent event, such as 745-12')
  const types = query.list('type')
  // A type that there is not would be waited for in vain.
  if (types?.some(type => !knownTypes.includes(type))) query.refuse('type', `of ${knownTypes.join(', ')}, with commas`)
  const sort = query.text('sort') ?? 'oldest'
  if (!sorting.sort.schema.enum.includes(sort)) query.refuse('sort', `one of ${sorting.sort.schema.enum.join(', ')}`)
  const isNewestFirst = sort === 'newest'
  if (isNewestFirst && isStream) query.refuse('sort', 'left out of a stream')
  if (isNewestFirst && query.text('after') !== undefined) query.refuse('after', 'left out where sort is newest')
  const customerId = query.storableText('customer_id')
  query.end()
  return { limit, after, types, customerId, isNewestFirst }
}
