import { instantOf } from '../orders/instant.ts'
import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import type { ShipmentFilter, ShipmentPosition } from './read-queries.ts'
import { shipmentStates } from './shipment.ts'
import { shipmentState } from './views.ts'

/** The parameters of `GET /api/shipments`; also what its documentation is made from. */
export const listParameters = {
  limit: {
    description: 'Shipments on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  state: severalOf(shipmentState),
  carrier: { description: 'Carried by', schema: { type: 'string' } },
  location: { description: 'Leaving from', schema: { type: 'string' } },
  tracking_number: { description: 'With this number', schema: { type: 'string' } },
  order_uid: { description: 'Of this order', schema: { type: 'string' } },
  late: {
    description: 'Not arrived by the time that was promised, as far as it was noticed',
    schema: { type: 'string', enum: ['true'] },
  },
  silent: { description: 'Not heard of for too long', schema: { type: 'string', enum: ['true'] } },
  from: { description: 'Created at or after', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'Created before', schema: { type: 'string', format: 'date-time' } },
}

export type ShipmentListQuery = Readonly<{
  filter: ShipmentFilter
  after: ShipmentPosition | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): ShipmentListQuery {
  const query = new QueryReader(parameters, listParameters)
  const instant = (name: 'from' | 'to') => {
    const text = query.text(name)
    const instantMs = text === undefined ? undefined : instantOf(text)
    if (text !== undefined && instantMs === undefined)
      query.refuse(name, 'an RFC 3339 time, such as 2026-11-26T06:22:19Z')
    return instantMs
  }
  const flag = (name: 'late' | 'silent') => {
    const text = query.text(name)
    if (text !== undefined && text !== 'true') query.refuse(name, 'true, or left out')
    return text === 'true'
  }
  const limit = query.limit()
  const after = query.cursor(decodeCursor)
  const states = query.words('state', shipmentStates)
  const filter = {
    states,
    carrier: query.storableText('carrier'),
    location: query.storableText('location'),
    number: query.storableText('tracking_number'),
    orderUid: query.storableText('order_uid'),
    isLate: flag('late'),
    isSilent: flag('silent'),
    fromMs: instant('from'),
    toMs: instant('to'),
  }
  query.end()
  return { filter, after, limit }
}

const cursorForm = /^(\d{1,15})-([\w-]{1,64})$/

export function encodeCursor({ createdAtMs, shipmentId }: ShipmentPosition): string {
  return `${createdAtMs}-${shipmentId}`
}

function decodeCursor(cursor: string): ShipmentPosition | undefined {
  const [, ms, shipmentId] = cursorForm.exec(cursor) ?? []
  return ms === undefined || shipmentId === undefined ? undefined : { createdAtMs: Number(ms), shipmentId }
}
