import { severalOf } from '../platform/openapi.ts'
import { pageParameters, QueryReader, textsMax } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import type { CheckpointPosition } from './checkpoints.ts'
import type { ShipmentFilter } from './read-queries.ts'
import { shipmentStates } from './shipment.ts'
import { shipmentState } from './views.ts'

/** The parameters of `GET /api/shipments`; also what its documentation is made from. */
export const listParameters = {
  ...pageParameters('Shipments'),
  state: severalOf(shipmentState),
  carrier: { description: 'Carried by', schema: { type: 'string' } },
  location: { description: 'Leaving from', schema: { type: 'string' } },
  tracking_number: { description: 'With this number', schema: { type: 'string' } },
  order_uid: severalOf({ type: 'string' }, `Of these orders: one or up to ${textsMax}, with commas`),
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
  after: TimedPosition | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): ShipmentListQuery {
  const query = new QueryReader(parameters, listParameters)
  const flag = (name: 'late' | 'silent') => {
    const text = query.text(name)
    if (text !== undefined && text !== 'true') query.refuse(name, 'true, or left out')
    return text === 'true'
  }
  const limit = query.limit()
  const after = query.cursor(decodeTimedCursor)
  const states = query.words('state', shipmentStates)
  const filter = {
    states,
    carrier: query.storableText('carrier'),
    location: query.storableText('location'),
    number: query.storableText('tracking_number'),
    orderUids: query.storableTexts('order_uid'),
    isLate: flag('late'),
    isSilent: flag('silent'),
    fromMs: query.instant('from'),
    toMs: query.instant('to'),
  }
  query.end()
  return { filter, after, limit }
}

/** The parameters of `GET /api/shipments/:id/checkpoints`. */
export const checkpointParameters = pageParameters('Checkpoints')

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readCheckpointsQuery(
  parameters: URLSearchParams,
): Readonly<{ after: CheckpointPosition | undefined; limit: number }> {
  const query = new QueryReader(parameters, checkpointParameters)
  const limit = query.limit()
  const after = query.cursor(decodeCheckpoint)
  query.end()
  return { after, limit }
}

const checkpointCursorForm = /^([0-9A-Z_]{1,64})\.([a-z0-9_]{0,64})\.([\w-]{22})$/

export function encodeCheckpoint({ number, carrier, id }: CheckpointPosition): string {
  return `${number}.${carrier}.${id}`
}

function decodeCheckpoint(cursor: string): CheckpointPosition | undefined {
  const [, number, carrier, id] = checkpointCursorForm.exec(cursor) ?? []
  return number === undefined || carrier === undefined || id === undefined ? undefined : { number, carrier, id }
}
