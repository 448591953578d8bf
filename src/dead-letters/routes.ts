import type { Context, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { answer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import type { Pool } from '../platform/postgres.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import { listDeadLetters } from './queries.ts'

const parameters = {
  limit: {
    description: 'Dead letters on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  topic: { description: 'The topic it came by', schema: { type: 'string' } },
  code: { description: 'The reason', schema: { type: 'string', examples: ['ORDER_INVALID', 'ORDER_CONFLICT'] } },
}

export const deadLetterSchema = {
  type: 'object',
  description: 'A message that could not be taken in',
  properties: {
    id: { type: 'string' },
    topic: { type: 'string' },
    partition: { type: 'integer' },
    offset: { type: 'string' },
    key: { type: ['string', 'null'], contentEncoding: 'base64' },
    value: { type: ['string', 'null'], contentEncoding: 'base64' },
    text: { type: ['string', 'null'], description: 'The value as text, where it is UTF-8' },
    headers: { type: 'array', description: 'Name, and value in base64', items: { type: 'array' } },
    message_time: { type: ['string', 'null'], format: 'date-time' },
    code: { type: 'string' },
    detail: { type: 'string' },
    violations: { $ref: '#/components/schemas/Problem/properties/errors' },
    recorded_at: { type: 'string', format: 'date-time' },
  },
}

const operation = {
  operationId: 'listDeadLetters',
  summary: 'List dead letters, newest first',
  tags: ['dead letters'],
  parameters: queryParameters(parameters),
  responses: {
    200: answer('A page; the Link header leads to the next one', {
      type: 'array',
      items: { $ref: '#/components/schemas/DeadLetter' },
    }),
    400: problemAnswer('A parameter is wrong; errors lists all of them'),
  },
}

/** Dead letters over HTTP. They hold what strangers sent, recipients' data among it, so they are for admins. */
export function deadLetterRoutes({ pool }: { pool: Pool }): Route[] {
  return [{ method: 'GET', path: '/api/dead-letters', scope: 'admin', operation, handle: c => list(c, pool) }]
}

async function list(context: Context, pool: Pool): Promise<Response> {
  const { url } = context.req.raw
  const query = readQuery(new URL(url).searchParams)
  const { letters, isAll } = await listDeadLetters(pool, query, query.limit)
  const last = isAll ? undefined : letters.at(-1)
  return Response.json(letters, { headers: last === undefined ? {} : { link: linkToNext(url, last.id) } })
}

function readQuery(given: URLSearchParams) {
  const query = new QueryReader(given, parameters)
  const [topic, code, before] = ['topic', 'code', 'cursor'].map(name => query.storableText(name))
  const limit = query.limit()
  if (before !== undefined && !/^\d{1,18}$/.test(before)) query.refuse('cursor', 'taken from a Link header')
  query.end()
  return { topic, code, before, limit }
}
