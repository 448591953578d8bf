import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import { instantBoundsMs, instantOf } from './instant.ts'
import { deliveryStatuses, orderStatuses, paymentStatuses } from './order.ts'
import { type ListOrdering, type ListPosition, listOrderings, type OrderFilter } from './list-filter.ts'
import { stateSchemas } from './state-schemas.ts'

/** The parameters of `GET /api/orders`; also what its documentation is made from. */
export const listParameters = {
  limit: {
    description: 'Orders on a page; not with a stream',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  status: severalOf(stateSchemas.status),
  payment_status: severalOf(stateSchemas.payment_status),
  delivery_status: severalOf(stateSchemas.delivery_status),
  customer_id: { description: 'The customer, whole', schema: { type: 'string' } },
  track_number: {
    description: 'The tracking number of the order or of one of its parcels, whole',
    schema: { type: 'string' },
  },
  from: {
    description: 'Created at or after; to the millisecond, further digits are cut off',
    schema: { type: 'string', format: 'date-time' },
  },
  to: {
    description: 'Created before; to the millisecond, further digits are cut off',
    schema: { type: 'string', format: 'date-time' },
  },
  q: { description: 'The uid, tracking number or customer of an order, whole', schema: { type: 'string' } },
  sort: {
    description: 'By the time at which orders were made',
    schema: { title: 'ListOrdering', type: 'string', enum: listOrderings, default: 'newest' },
  },
} as const

export type ListQuery = { filter: OrderFilter; after: ListPosition | undefined; limit: number; ordering: ListOrdering }

/**
 * Reads the query of a list.
 *
 * @param isStream whether the answer is every match, and no page
 * @throws AppError REQUEST_INVALID with every parameter that is wrong
 */
export function readListQuery(parameters: URLSearchParams, isStream: boolean): ListQuery {
  const query = new QueryReader(parameters, listParameters)

  function oneOf<Status extends string>(name: keyof typeof listParameters, known: readonly Status[]) {
    const wanted = query.list(name)
    if (wanted === undefined) return undefined
    if (!wanted.every(status => (known as readonly string[]).includes(status)))
      query.refuse(name, `of ${known.join(', ')}`)
    return [...new Set(wanted)] as Status[]
  }
  function instant(name: 'from' | 'to') {
    const text = query.text(name)
    const instantMs = text === undefined ? undefined : instantOf(text)
    if (text !== undefined && instantMs === undefined)
      query.refuse(name, 'an RFC 3339 time within the years 0001 to 9999 in UTC, such as 2021-11-26T06:22:19Z')
    return instantMs
  }
  const limit = query.limit()
  if (isStream && query.text('limit') !== undefined)
    query.refuse('limit', 'left out of a stream, which has every match')
  const after = query.cursor(decodeCursor)
  const ordering = listOrderings.find(known => known === (query.text('sort') ?? 'newest'))
  if (ordering === undefined) query.refuse('sort', `one of ${listOrderings.join(', ')}`)
  const filter = {
    statuses: oneOf('status', orderStatuses),
    paymentStatuses: oneOf('payment_status', paymentStatuses),
    deliveryStatuses: oneOf('delivery_status', deliveryStatuses),
    customerId: query.storableText('customer_id'),
    trackNumber: query.storableText('track_number'),
    fromMs: instant('from'),
    toMs: instant('to'),
    search: query.storableText('q'),
  }
  query.end()
  const set = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  return { filter: set as OrderFilter, after, limit, ordering: ordering ?? 'newest' }
}

const dayMs = 86_400_000

/** A position as text that a client hands back unchanged. */
export function encodeCursor(place: ListPosition): string {
  return Buffer.from(`${place.createdAtMs} ${place.orderUid}`).toString('base64url')
}

function decodeCursor(cursor: string): ListPosition | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  const [, instant, orderUid] = /^(-?\d{1,15}) ([A-Za-z0-9_-]{1,64})$/.exec(text) ?? []
  if (instant === undefined || orderUid === undefined) return undefined
  const createdAtMs = Number(instant)
  // Stored orders may be dated, by their offset, a day before or after what is accepted now.
  const isInReach = createdAtMs >= instantBoundsMs.first - dayMs && createdAtMs < instantBoundsMs.end + dayMs
  return isInReach ? { createdAtMs, orderUid } : undefined
}
