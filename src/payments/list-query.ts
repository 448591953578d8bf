import { instantOf } from '../orders/instant.ts'
import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import { paymentStates } from './payment.ts'
import type { PaymentFilter, PaymentPosition } from './read-queries.ts'
import { issueKinds, issueView, paymentView } from './views.ts'

/** The parameters of `GET /api/payments`; also what its documentation is made from. */
export const listParameters = {
  limit: {
    description: 'Payments on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  state: severalOf(paymentView.properties.state),
  provider: { description: 'Who moves the money', schema: { type: 'string' } },
  order_uid: { description: 'Of this order', schema: { type: 'string' } },
  issue: { description: 'With an open issue of this kind', schema: issueView.properties.kind },
  from: { description: 'Created at or after', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'Created before', schema: { type: 'string', format: 'date-time' } },
}

export type PaymentListQuery = Readonly<{
  filter: PaymentFilter
  after: PaymentPosition | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): PaymentListQuery {
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
  const states = query.words('state', paymentStates)
  const kind = query.text('issue')
  const issue = issueKinds.find(known => known === kind)
  if (kind !== undefined && issue === undefined) query.refuse('issue', `one of ${issueKinds.join(', ')}`)
  const filter = {
    states,
    provider: query.storableText('provider'),
    orderUid: query.storableText('order_uid'),
    issue,
    fromMs: instant('from'),
    toMs: instant('to'),
  }
  query.end()
  return { filter, after, limit }
}

const cursorForm = /^(\d{1,15})-([\w-]{1,64})$/

export function encodeCursor({ createdAtMs, paymentId }: PaymentPosition): string {
  return `${createdAtMs}-${paymentId}`
}

function decodeCursor(cursor: string): PaymentPosition | undefined {
  const [, ms, paymentId] = cursorForm.exec(cursor) ?? []
  return ms === undefined || paymentId === undefined ? undefined : { createdAtMs: Number(ms), paymentId }
}
