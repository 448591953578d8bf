import type { NewEvent } from '../events/append.ts'
import { defineEvent } from '../events/definition.ts'
import type { ReturnChange } from './changes.ts'
import { dataOf } from './presentation.ts'
import type { ReturnState } from './return.ts'
import { returnStreamType } from './return-stream.ts'
import { type ReturnData, returnData } from './views.ts'

/** The events of returns. They hold nothing of the recipient. */

const coming = {
  rid: 'ab4219087a764ae0btest',
  line: 0,
  chrt_id: 9934930,
  shipment_id: 'shp_q3zv6kd5x2tnm7bwhyc4rjfa',
  amount: 317,
  condition: null,
  location: null,
  received_at: null,
}
const back = { ...coming, condition: 'damaged', location: 'main', received_at: '2026-11-29T09:30:00.000Z' } as const

/** @param from the state before it; null: the return is new */
function define(
  state: ReturnState,
  said: { title: string; description: string; isFirst?: true },
  from: ReturnState | null,
  more: Partial<ReturnData> = {},
) {
  const version = from === null ? 1 : from === 'requested' ? 2 : from === 'approved' ? 3 : 4
  const example: ReturnData = {
    ...{ state, previous_state: from, units: [coming], currency: 'USD', refunded: 0, fee: 0, delivery: 0, version },
    ...{ reason: 'it does not fit', actor: 'support', ...more },
  }
  return defineEvent({ type: `return.${state}`, stream: returnStreamType, ...said, data: returnData, example })
}

export const returnEvents = {
  requested: define(
    'requested',
    {
      title: 'A return was requested',
      description: 'Units of an order that have left are to come back.',
      isFirst: true,
    },
    null,
  ),
  approved: define(
    'approved',
    { title: 'A return was approved', description: 'Its units may be sent back.' },
    'requested',
  ),
  rejected: define(
    'rejected',
    { title: 'A return was rejected', description: 'Its units are not taken back.' },
    'requested',
  ),
  received: define(
    'received',
    {
      title: 'Units of a return have come in',
      description: 'Those that have a condition are in; the state is received when all are, and approved until then.',
    },
    'approved',
    { units: [back] },
  ),
  refunded: define(
    'refunded',
    {
      title: 'A return was refunded',
      description: 'What was paid for its units is on its way back. Nothing more happens to the return.',
    },
    'received',
    { units: [back], refunded: 300, fee: 17 },
  ),
  cancelled: define(
    'cancelled',
    { title: 'A return was cancelled', description: 'Its units do not come back; they can be in another return.' },
    'approved',
  ),
}

export const returnEventDefinitions = Object.values(returnEvents)

/** The event of a change of a return; none while only its refund is on the way. Its writer holds the lock of the order. */
export function eventsOf(change: ReturnChange): NewEvent[] {
  const { after, event: definition, traceparent } = change
  if (definition === undefined) return []
  const { returnId: streamId, orderUid: concernsOrder, version: sequence } = after
  const recordedAt = new Date(after.updatedAtMs)
  return [
    { streamId, concernsOrder, sequence, definition, recordedAt, data: JSON.stringify(dataOf(change)), traceparent },
  ]
}
