import { severalOf } from '../platform/openapi.ts'
import { cursorParameter, limitParameter, QueryReader } from '../platform/query.ts'
import { instantBoundsMs } from '../platform/instant.ts'
import { deliveryStatuses, orderStatuses, paymentStatuses } from './order.ts'
import { type ListOrdering, type ListPosition, listOrderings, type OrderFilter } from './list-filter.ts'
import { stateSchemas } from './state-schemas.ts'

/** The parameters of `GET /api/orders`; also what its documentation is made from. */
export const listParameters = {
  limit: limitParameter('Orders on a page; not with a stream'),
  cursor: cursorParameter,
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
  const limit = query.limit()
  if (isStream && query.text('limit') !== undefined)
    query.refuse('limit', 'left out of a stream, which has every match')
  const after = query.cursor(decodeCursor)
  const ordering = query.word('sort', listOrderings) ?? 'newest'
  const filter = {
    statuses: query.words('status', orderStatuses),
    paymentStatuses: query.words('payment_status', paymentStatuses),
    deliveryStatuses: query.words('delivery_status', deliveryStatuses),
    customerId: query.storableText('customer_id'),
    trackNumber: query.storableText('track_number'),
    fromMs: query.instant('from'),
    toMs: query.instant('to'),
    search: query.storableText('q'),
  }
  query.end()
  const set = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  return { filter: set as OrderFilter, after, limit, ordering }
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
