import { compareCheckpoints, logStart } from '../events/checkpoint.ts'
import { eventsAnswer, eventsRefusals, eventsResponse } from '../events/event-answers.ts'
import { assertReadable, paging, readEventsQuery, wantsStream, withLastEventId } from '../events/event-requests.ts'
import type { EventFeed } from '../events/feed.ts'
import { readFirstSequence, readOrderLog } from '../events/log.ts'
import { anyEnvelope } from '../events/schemas.ts'
import { streamEvents } from '../events/stream.ts'
import type { EventLog } from '../events/stream-definition.ts'
import type { Call, Route } from '../platform/http.ts'
import { problemAnswer } from '../platform/openapi.ts'
import { notFound } from './commands.ts'
import { orderStream } from './order-stream.ts'

type Options = {
  log: EventLog
  feed: EventFeed
  /** The types of all events: what happens elsewhere may concern an order. */
  eventTypes: readonly string[]
}

const firstSequence = {
  'First-Sequence': {
    description:
      'The sequence of the first event of the order that the log has, on the first page: above 1 where older ones were dropped',
    schema: { type: 'integer', minimum: 1 },
  },
}

/** The history of an order over HTTP: every event that concerns it, in the order of the log. */
export function historyRoutes(options: Options): Route[] {
  return [
    {
      method: 'GET',
      scope: 'orders:read',
      path: '/api/orders/:id/events',
      operation: {
        operationId: 'listOrderEvents',
        summary: 'Read or follow the history of an order',
        description:
          'Everything that concerns the order, in the order of the log. Live from its first event on, or from Last-Event-ID on, ' +
          'with Accept: text/event-stream.',
        tags: ['events'],
        parameters: withLastEventId(paging),
        responses: {
          200: eventsAnswer(anyEnvelope(options.eventTypes), firstSequence),
          ...eventsRefusals,
          404: problemAnswer('There is no such order'),
        },
      },
      handle: call => listOrderEvents(call, options),
    },
  ]
}

async function listOrderEvents(call: Call, { log, feed }: Options): Promise<Response> {
  const orderUid = call.params.id ?? ''
  const { limit, after } = readEventsQuery(call, paging)
  const from = after ?? logStart
  const isName = !orderUid.includes('\0')
  const { events, isAll } = isName ? await readOrderLog(log, orderUid, from, limit) : { events: [], isAll: true }
  await assertReadable(log.pool, after)
  const isBeginning = compareCheckpoints(from, logStart) === 0
  const own = events.find(({ streamType }) => streamType === orderStream.type)?.sequence
  const first = own ?? (isName ? await readFirstSequence(log.pool, orderStream, orderUid) : undefined)
  if (first === undefined) throw notFound(orderUid)
  if (wantsStream(call)) return streamEvents(feed, from, { orderUid })
  const next = isAll ? undefined : events.at(-1)?.checkpoint
  return eventsResponse(call, { events, next }, isBeginning ? { 'first-sequence': String(first) } : {})
}
