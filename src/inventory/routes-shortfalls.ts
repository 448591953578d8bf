import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import type { Pool } from '../platform/postgres.ts'
import { pageParameters, QueryReader } from '../platform/query.ts'
import { decodeTimedCursor, encodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import { listShortfalls } from './shortfall-queries.ts'
import { shortfallView } from './shortfall-view.ts'

const parameters = pageParameters('Orders')

const operation = {
  operationId: 'listShortfalls',
  summary: 'List the orders that wait for stock, oldest first',
  description: 'They get what arrives in this order.',
  tags: ['inventory'],
  parameters: queryParameters(parameters),
  responses: {
    200: pageAnswer('A page; the Link header leads to the next one', shortfallView),
    400: problemAnswer('A parameter is wrong; errors lists all of them'),
    503: problemAnswer('The database is unavailable; Retry-After says when to try again'),
  },
}

/** Orders that wait for stock are listed. @param lists the pool for lists */
export function shortfallRoutes(lists: Pool): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/shortfalls',
      scope: 'orders:read',
      operation,
      handle: call => list(call, lists),
    },
  ]
}

async function list({ request: { url } }: Call, lists: Pool): Promise<Response> {
  const { after, limit } = readQuery(new URL(url).searchParams)
  // One more than asked for tells whether there is a next page.
  const found = await listShortfalls(lists, after, limit + 1)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  const link =
    last === undefined
      ? {}
      : { link: linkToNext(url, encodeTimedCursor({ atMs: Date.parse(last.since), id: last.order_uid })) }
  return Response.json(page, { headers: link })
}

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
function readQuery(given: URLSearchParams): { after: TimedPosition | undefined; limit: number } {
  const query = new QueryReader(given, parameters)
  const limit = query.limit()
  const after = query.cursor(decodeTimedCursor)
  query.end()
  return { after, limit }
}
