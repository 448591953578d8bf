import { instantOf } from '../orders/instant.ts'
import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import type { ReturnFilter, ReturnPosition } from './read-queries.ts'
import { returnStates } from './return.ts'
import { returnState } from './views.ts'

/** The parameters of `GET /api/returns`; also what its documentation is made from. */
export const listParameters = {
  limit: {
    description: 'Returns on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  state: severalOf(returnState),
  order_uid: { description: 'Of this order', schema: { type: 'string' } },
  from: { description: 'Requested at or after', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'Requested before', schema: { type: 'string', format: 'date-time' } },
}

export type ReturnListQuery = Readonly<{
  filter: ReturnFilter
  after: ReturnPosition | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): ReturnListQuery {
  const query = new QueryReader(parameters, listParameters)
  const instant = (name: 'from' | 'to') => {
    const text = query.text(name)
    const instantMs = text === undefined ? undefined : instantOf(text)
    if (text !== undefined && instantMs === undefined)
      query.refuse(name, 'an RFC 3339 time, such as 2026-11-26T06:22:19Z')
    return instantMs
  }
  const limit = query.limit()
  const after = query.cursor(decodeCursor)
  const states = query.words('state', returnStates)
  const filter = { states, orderUid: query.storableText('order_uid'), fromMs: instant('from'), toMs: instant('to') }
  query.end()
  return { filter, after, limit }
}

const cursorForm = /^(\d{1,15})-([\w-]{1,64})$/

export function encodeCursor({ createdAtMs, returnId }: ReturnPosition): string {
  return `${createdAtMs}-${returnId}`
}

function decodeCursor(cursor: string): ReturnPosition | undefined {
  const [, ms, returnId] = cursorForm.exec(cursor) ?? []
  return ms === undefined || returnId === undefined ? undefined : { createdAtMs: Number(ms), returnId }
}
