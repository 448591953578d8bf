import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import type { IssueFilter, IssuePosition } from './issue-read-queries.ts'
import { issueKinds, issueStates, issueView } from './views.ts'

/** The parameters of `GET /api/payment-issues`; also what its documentation is made from. */
export const issueListParameters = {
  limit: {
    description: 'Issues on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  state: { description: 'Whether somebody has to do something', schema: issueView.properties.state },
  kind: severalOf(issueView.properties.kind),
  provider: { description: 'Who moves the money', schema: { type: 'string' } },
  order_uid: { description: 'Of this order', schema: { type: 'string' } },
}

export type IssueListQuery = Readonly<{ filter: IssueFilter; after: IssuePosition | undefined; limit: number }>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readIssueListQuery(parameters: URLSearchParams): IssueListQuery {
  const query = new QueryReader(parameters, issueListParameters)
  const limit = query.limit()
  const after = query.cursor(decodeCursor)
  const stateGiven = query.text('state')
  const state = issueStates.find(known => known === stateGiven)
  if (stateGiven !== undefined && state === undefined) query.refuse('state', `one of ${issueStates.join(', ')}`)
  const given = query.list('kind')
  const kinds = given?.flatMap(kind => issueKinds.find(known => known === kind) ?? [])
  if (kinds?.length !== given?.length) query.refuse('kind', `of ${issueKinds.join(', ')}`)
  const filter = { state, kinds, provider: query.storableText('provider'), orderUid: query.storableText('order_uid') }
  query.end()
  return { filter, after, limit }
}

const cursorForm = /^(\d{1,15})-([\w-]{1,64})$/

export function encodeIssueCursor({ openedAtMs, issueId }: IssuePosition): string {
  return `${openedAtMs}-${issueId}`
}

function decodeCursor(cursor: string): IssuePosition | undefined {
  const [, ms, issueId] = cursorForm.exec(cursor) ?? []
  return ms === undefined || issueId === undefined ? undefined : { openedAtMs: Number(ms), issueId }
}
