import { severalOf } from '../platform/openapi.ts'
import { pageParameters, QueryReader, textsMax } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import type { ReturnFilter } from './read-queries.ts'
import { returnStates } from './return.ts'
import { returnState } from './views.ts'

/** The parameters of `GET /api/returns`; also what its documentation is made from. */
export const listParameters = {
  ...pageParameters('Returns'),
  state: severalOf(returnState),
  order_uid: severalOf({ type: 'string' }, `Of these orders: one or up to ${textsMax}, with commas`),
  from: { description: 'Requested at or after', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'Requested before', schema: { type: 'string', format: 'date-time' } },
}

export type ReturnListQuery = Readonly<{
  filter: ReturnFilter
  after: TimedPosition | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): ReturnListQuery {
  const query = new QueryReader(parameters, listParameters)
  const limit = query.limit()
  const after = query.cursor(decodeTimedCursor)
  const states = query.words('state', returnStates)
  const filter = {
    states,
    orderUids: query.storableTexts('order_uid'),
    fromMs: query.instant('from'),
    toMs: query.instant('to'),
  }
  query.end()
  return { filter, after, limit }
}
