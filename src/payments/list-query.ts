import { severalOf } from '../platform/openapi.ts'
import { pageParameters, QueryReader, textsMax } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import { paymentStates } from './payment.ts'
import type { PaymentFilter } from './read-queries.ts'
import { issueKinds, issueView, paymentView } from './views.ts'

/** The parameters of `GET /api/payments`; also what its documentation is made from. */
export const listParameters = {
  ...pageParameters('Payments'),
  state: severalOf(paymentView.properties.state),
  provider: { description: 'Who moves the money', schema: { type: 'string' } },
  order_uid: severalOf({ type: 'string' }, `Of these orders: one or up to ${textsMax}, with commas`),
  issue: { description: 'With an open issue of this kind', schema: issueView.properties.kind },
  from: { description: 'Created at or after', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'Created before', schema: { type: 'string', format: 'date-time' } },
}

export type PaymentListQuery = Readonly<{
  filter: PaymentFilter
  after: TimedPosition | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): PaymentListQuery {
  const query = new QueryReader(parameters, listParameters)
  const limit = query.limit()
  const after = query.cursor(decodeTimedCursor)
  const states = query.words('state', paymentStates)
  const filter = {
    states,
    provider: query.storableText('provider'),
    orderUids: query.storableTexts('order_uid'),
    issue: query.word('issue', issueKinds),
    fromMs: query.instant('from'),
    toMs: query.instant('to'),
  }
  query.end()
  return { filter, after, limit }
}
