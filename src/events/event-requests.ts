import { AppError } from '../errors.ts'
import { typeFor } from '../platform/accept.ts'
import type { Call } from '../platform/http.ts'
import { queryParameters, severalOf } from '../platform/openapi.ts'
import type { Pool } from '../platform/postgres.ts'
import { invalidQuery, limitParameter, QueryReader } from '../platform/query.ts'
import { type Checkpoint, decodeCursor } from './checkpoint.ts'
import type { EventDefinition } from './definition.ts'
import { lookUpCheckpoint } from './log.ts'
import type { Wanted } from './log-search.ts'

/** The requests to read or follow events over HTTP. */

export const paging = {
  limit: limitParameter('Events on a page; not live'),
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

const text = (description: string) => ({ description, schema: { type: 'string' } })

/** The parameters of the whole log. */
export function logParameters(definitions: readonly EventDefinition[]) {
  const types = definitions.map(({ type }) => type)
  const streams = [...new Set(definitions.map(({ stream }) => stream))]
  return {
    ...paging,
    ...sorting,
    type: severalOf({ title: 'EventType', type: 'string', enum: types }, 'One or several types, with commas'),
    stream_type: {
      description: 'Of streams of this type',
      schema: { title: 'StreamType', type: 'string', enum: streams },
    },
    stream_id: text('Of the stream with this id'),
    order_uid: text('What concerns this order: its own events, and those of other streams that name it'),
    customer_id: text('Of orders of this customer'),
  }
}

const lastEventId = { name: 'Last-Event-ID', in: 'header', description: 'Like after', schema: { type: 'string' } }

/** Parameters of a query, and the header that a stream can come back with. */
export function withLastEventId(parameters: Parameters<typeof queryParameters>[0]) {
  return [...queryParameters(parameters), lastEventId]
}

export type EventsQuery = Wanted & {
  limit: number
  after: Checkpoint | undefined
  /** Then `after` is where the page ends, and older events are before it. */
  isNewestFirst: boolean
}

export function wantsStream(call: Call): boolean {
  return typeFor(call.request, ['application/json', 'text/event-stream']) === 'text/event-stream'
}

/**
 * Reads what a call asks for.
 *
 * @param known the parameters that it may have; definitions: the events that there are
 * @throws AppError QUERY_INVALID with everything that is wrong
 */
export function readEventsQuery(
  call: Call,
  known: Readonly<Record<string, unknown>>,
  definitions: readonly EventDefinition[] = [],
): EventsQuery {
  const query = new QueryReader(new URL(call.request.url).searchParams, known)
  const isStream = wantsStream(call)
  const limit = query.limit()
  if (isStream && query.text('limit') !== undefined) query.refuse('limit', 'left out of a stream')
  // A browser that comes back says where it was in the header, and asks for the address it began with.
  const cursor = call.request.headers.get('last-event-id') || (query.text('cursor') ?? query.text('after'))
  const after = cursor === undefined ? undefined : decodeCursor(cursor)
  if (cursor !== undefined && after === undefined)
    query.refuse('after', 'the id of a server-sent event, such as 745-12')
  const isNewestFirst = readSort(query, isStream)
  const wanted = readWanted(query, definitions)
  query.end()
  return { limit, after, isNewestFirst, ...wanted }
}

function readSort(query: QueryReader, isStream: boolean): boolean {
  const sort = query.text('sort') ?? 'oldest'
  if (!sorting.sort.schema.enum.includes(sort)) query.refuse('sort', `one of ${sorting.sort.schema.enum.join(', ')}`)
  if (sort !== 'newest') return false
  if (isStream) query.refuse('sort', 'left out of a stream')
  if (query.text('after') !== undefined) query.refuse('after', 'left out where sort is newest')
  return true
}

function readWanted(query: QueryReader, definitions: readonly EventDefinition[]): Wanted {
  const types = query.list('type')
  const known = definitions.map(({ type }) => type)
  // A type that there is not would never come.
  if (types?.some(type => !known.includes(type))) query.refuse('type', `of ${known.join(', ')}, with commas`)
  const streamType = query.text('stream_type')
  const streams = [...new Set(definitions.map(({ stream }) => stream))]
  if (streamType !== undefined && !streams.includes(streamType))
    query.refuse('stream_type', `one of ${streams.join(', ')}`)
  return {
    types: typesOf(types, streamType, definitions),
    streamType,
    streamId: query.storableText('stream_id'),
    orderUid: query.storableText('order_uid'),
    customerId: query.storableText('customer_id'),
  }
}

/** The types of events that can fit: a type of stream has its own, which an index finds. */
function typesOf(
  types: readonly string[] | undefined,
  streamType: string | undefined,
  definitions: readonly EventDefinition[],
): readonly string[] | undefined {
  if (streamType === undefined) return types
  const ofStream = definitions.filter(({ stream }) => stream === streamType).map(({ type }) => type)
  return types === undefined ? ofStream : types.filter(type => ofStream.includes(type))
}

/**
 * Rejects a cursor that this log cannot have issued, or whose next events are gone: its reader would miss them silently.
 *
 * @returns whether every event before it can be read; one of an order's own history can be ahead of that
 * @throws AppError CURSOR_DROPPED, STORE_UNAVAILABLE or QUERY_INVALID
 */
export async function assertReadable(pool: Pool, checkpoint: Checkpoint | undefined): Promise<boolean> {
  const found = checkpoint === undefined ? 'kept' : await lookUpCheckpoint(pool, checkpoint)
  if (found === 'kept' || found === 'unsettled') return found === 'kept'
  if (found === 'away') throw new AppError('STORE_UNAVAILABLE', 'the event log goes on in a moment')
  if (found === 'dropped') {
    throw new AppError('CURSOR_DROPPED', 'the log does not go back so far any more; 0-0 reads all that it still has')
  }
  throw invalidQuery([{ pointer: '/after', detail: 'must be a cursor of this log, and the log has not come so far' }])
}
