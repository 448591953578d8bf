import type { Call, Route } from '../platform/http.ts'
import { logStart } from './checkpoint.ts'
import type { EventDefinition } from './definition.ts'
import { eventsAnswer, eventsRefusals, eventsResponse } from './event-answers.ts'
import { assertReadable, logParameters, readEventsQuery, wantsStream, withLastEventId } from './event-requests.ts'
import type { EventFeed } from './feed.ts'
import { readLogEnd } from './log.ts'
import { readPage } from './log-pages.ts'
import { anyEnvelope } from './schemas.ts'
import { streamEvents } from './stream.ts'
import type { EventLog } from './stream-definition.ts'

type Options = {
  log: EventLog
  feed: EventFeed
  /** Every event there is. */
  definitions: readonly EventDefinition[]
}

/** The log over HTTP: in pages, or live as server-sent events. */
export function eventRoutes(options: Options): Route[] {
  const { definitions } = options
  return [
    {
      method: 'GET',
      scope: 'orders:read',
      path: '/api/events',
      operation: {
        operationId: 'listEvents',
        summary: 'Read or follow everything that happens',
        description: 'Live from now on, or from Last-Event-ID on, with Accept: text/event-stream.',
        tags: ['events'],
        parameters: withLastEventId(logParameters(definitions)),
        responses: { 200: eventsAnswer(anyEnvelope(definitions.map(({ type }) => type))), ...eventsRefusals },
      },
      handle: call => listEvents(call, options),
    },
  ]
}

async function listEvents(call: Call, { log, feed, definitions }: Options): Promise<Response> {
  const query = readEventsQuery(call, logParameters(definitions), definitions)
  const { limit, after, isNewestFirst, ...wanted } = query
  const { pool } = log
  if (isNewestFirst) {
    return eventsResponse(call, await readPage(log, after ?? (await readLogEnd(pool)), wanted, limit, 'back'))
  }
  if (wantsStream(call)) {
    const isSettled = await assertReadable(pool, after)
    return streamEvents(feed, (isSettled ? after : undefined) ?? (await readLogEnd(pool)), wanted)
  }
  const found = await readPage(log, after ?? logStart, wanted, limit, 'forward')
  await assertReadable(pool, after)
  return eventsResponse(call, found)
}
