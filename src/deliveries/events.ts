import type { NewEvent } from '../events/append.ts'
import { defineEvent } from '../events/definition.ts'
import type { ShipmentChange } from './changes.ts'
import { dataOf } from './presentation.ts'
import type { ShipmentState } from './shipment.ts'
import { shipmentStreamType } from './shipment-stream.ts'
import { type ShipmentData, shipmentData } from './views.ts'

/** The events of shipments. They hold nothing of the recipient. */

const example: ShipmentData = {
  state: 'planned',
  rids: ['ab4219087a764ae0btest'],
  location: 'main',
  carrier: 'ups',
  tracking_status: null,
  tracking_numbers: [
    {
      number: '1Z999AA10123456784',
      carrier: 'ups',
      role: 'main',
      url: null,
      check: 'valid',
      status: null,
      added_at: '2026-11-28T09:30:00.000Z',
    },
  ],
  promised_by: '2026-12-01T22:00:00.000Z',
  estimated_delivery_at: null,
  previous_state: null,
  version: 1,
  reason: '',
  actor: 'warehouse',
}

/** @param from the state before it; null: the shipment is new */
function define(
  name: string,
  said: { title: string; description: string; isFirst?: true },
  state: ShipmentState,
  from: ShipmentState | null,
  more: Partial<ShipmentData> = {},
) {
  const version = from === null ? 1 : 3
  return defineEvent({
    type: `shipment.${name}`,
    stream: shipmentStreamType,
    ...said,
    data: shipmentData,
    example: { ...example, state, previous_state: from, version, ...more },
  })
}

export const shipmentEvents = {
  created: define(
    'created',
    { title: 'A shipment was created', description: 'Units of an order are to go out together.', isFirst: true },
    'planned',
    null,
  ),
  packed: define(
    'packed',
    { title: 'A shipment was packed', description: 'It is ready to be handed to the carrier.' },
    'packed',
    'planned',
  ),
  shipped: define(
    'shipped',
    {
      title: 'A shipment has left',
      description:
        'The carrier has it. The stock of its units was taken from where it was reserved, in the same transaction.',
    },
    'shipped',
    'packed',
  ),
  updated: define(
    'updated',
    {
      title: 'What is known of a shipment has changed',
      description:
        'A tracking number was added, the carrier says something new, it is expected at another time, or units of it came back.',
    },
    'shipped',
    'shipped',
    { tracking_status: 'in_transit', estimated_delivery_at: '2026-11-30T15:00:00.000Z' },
  ),
  delivered: define(
    'delivered',
    { title: 'A shipment has arrived', description: 'The recipient has it, as the carrier or a person says.' },
    'delivered',
    'shipped',
    { tracking_status: 'delivered' },
  ),
  delayed: define(
    'delayed',
    {
      title: 'A shipment is late',
      description: 'It has not arrived by the time that was promised. Told once for each promise.',
    },
    'shipped',
    'shipped',
  ),
  cancelled: define(
    'cancelled',
    {
      title: 'A shipment was cancelled',
      description: 'Its units are in no shipment any more; what had left is back where it was taken from.',
    },
    'cancelled',
    'packed',
  ),
}

export const shipmentEventDefinitions = Object.values(shipmentEvents)

/** The event of a change of a shipment. Its writer holds the lock of the order. */
export function eventOf(change: ShipmentChange): NewEvent {
  const { after, event: definition, traceparent } = change
  return {
    streamId: after.shipmentId,
    concernsOrder: after.orderUid,
    sequence: after.version,
    definition,
    recordedAt: new Date(after.updatedAtMs),
    data: JSON.stringify(dataOf(change)),
    traceparent,
  }
}
