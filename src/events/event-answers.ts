import type { Call } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { pageAnswer, problemAnswer } from '../platform/openapi.ts'
import { encodeCursor } from './checkpoint.ts'
import { encodeEvent } from './encode.ts'
import type { EventsPage } from './log-pages.ts'

/** Answers with events, and what OpenAPI says of them. */

/** A page of events, or the same as a stream. @param event the view of an event; headers: further ones */
export function eventsAnswer(event: object, headers?: Record<string, unknown>) {
  const page = pageAnswer(
    'A page with a Link to the next, which may hold fewer events than asked for, or none; or live, from then on without end',
    event,
    headers,
  )
  const schema = { type: 'string', description: 'id: the cursor, event: the type, data: the event as JSON' }
  return { ...page, content: { ...(page.content as object), 'text/event-stream': { schema } } }
}

/** Why events are not given. */
export const eventsRefusals = {
  406: problemAnswer('Accept allows neither JSON nor a stream'),
  400: problemAnswer('A parameter is wrong, or the cursor is not of this log; errors lists all'),
  410: problemAnswer('Events behind the cursor were dropped: CURSOR_DROPPED'),
}

/** A page may hold fewer events than asked for, or none, and still have a next one. */
export function eventsResponse(
  call: Call,
  { events, next }: EventsPage,
  headers: Record<string, string> = {},
): Response {
  const link = next === undefined ? {} : { link: linkToNext(call.request.url, encodeCursor(next)) }
  return new Response(`[${events.map(encodeEvent).join(',')}]`, {
    headers: { 'content-type': 'application/json', vary: 'accept', ...link, ...headers },
  })
}
