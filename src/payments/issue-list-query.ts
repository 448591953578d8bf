import { severalOf } from '../platform/openapi.ts'
import { pageParameters, QueryReader } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import type { IssueFilter } from './issue-read-queries.ts'
import { issueKinds, issueStates, issueView } from './views.ts'

/** The parameters of `GET /api/payment-issues`; also what its documentation is made from. */
export const issueListParameters = {
  ...pageParameters('Issues'),
  state: { description: 'Whether somebody has to do something', schema: issueView.properties.state },
  kind: severalOf(issueView.properties.kind),
  provider: { description: 'Who moves the money', schema: { type: 'string' } },
  order_uid: { description: 'Of this order', schema: { type: 'string' } },
}

export type IssueListQuery = Readonly<{ filter: IssueFilter; after: TimedPosition | undefined; limit: number }>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readIssueListQuery(parameters: URLSearchParams): IssueListQuery {
  const query = new QueryReader(parameters, issueListParameters)
  const limit = query.limit()
  const after = query.cursor(decodeTimedCursor)
  const [state, kinds] = [query.word('state', issueStates), query.words('kind', issueKinds)]
  const filter = { state, kinds, provider: query.storableText('provider'), orderUid: query.storableText('order_uid') }
  query.end()
  return { filter, after, limit }
}
