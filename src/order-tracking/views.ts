import { type Static, Type } from 'typebox'
import { shipmentStates } from '../deliveries/shipment.ts'
import { numberRole } from '../deliveries/views.ts'
import { deliveryStatuses } from '../orders/order.ts'
import { extended, listOf, nullable, time, wordOrNull } from '../platform/view.ts'
import { trackingStatuses } from '../tracking/tracking-status.ts'
import { trackedParcel } from '../tracking/views.ts'

/**
 * An order as anybody may see it who has its link: where its parcels are. Nothing of its recipient, no amounts, no items, no words of
 * carriers or of people, and not its uid, which some shops take as a proof of who is calling.
 */

const parcel = extended(
  trackedParcel,
  { role: numberRole },
  { title: 'TrackedOrderParcel', description: 'A parcel of the order, and what carriers have said of it' },
)
export type TrackedOrderParcel = Static<typeof parcel>

const shipment = Type.Object(
  {
    state: Type.Enum(
      shipmentStates.filter(state => state !== 'cancelled'),
      { title: 'TrackedShipmentState' },
    ),
    units: Type.Integer({ minimum: 1, description: 'How many units of the order are in it' }),
    carrier: nullable(Type.String()),
    status: wordOrNull(trackingStatuses, 'What the carrier last said of it; null: nothing yet'),
    late: Type.Boolean({ description: 'Whether it has not arrived by the time that was promised' }),
    promised_by: nullable(time()),
    estimated_delivery_at: nullable(time(), { description: 'When it is expected to arrive' }),
    shipped_at: nullable(time()),
    delivered_at: nullable(time()),
    parcels: listOf(parcel),
  },
  { title: 'TrackedShipment', description: 'Units of the order that go out together' },
)
export type TrackedShipment = Static<typeof shipment>

export const trackedOrder = Type.Object(
  {
    ordered_at: time({ description: 'The date of the order' }),
    delivery_status: Type.Enum([...deliveryStatuses], { title: 'TrackedDeliveryStatus' }),
    cancelled: Type.Boolean({ description: 'Nothing more is shipped of it' }),
    units: Type.Integer({ minimum: 0, description: 'How many units were ordered' }),
    units_waiting: Type.Integer({ minimum: 0, description: 'How many of them are still to be shipped' }),
    shipments: listOf(shipment, { description: 'Oldest first' }),
    has_more: Type.Boolean({ description: 'There are more shipments or parcels than are shown' }),
  },
  { title: 'TrackedOrder', description: 'Where the parcels of an order are' },
)
export type TrackedOrder = Static<typeof trackedOrder>

/** The link to the tracking page of an order. */
export const trackingLink = Type.Object(
  {
    token: Type.String({ description: 'Opens the page, and GET /api/track/orders/{token}' }),
    path: Type.String({
      description: 'The page, as a path below the address of the service',
      examples: ['/track/…'],
    }),
  },
  {
    title: 'TrackingLink',
    description: 'The link to the tracking page of an order. It opens the page for anybody who has it',
  },
)
export type TrackingLink = Static<typeof trackingLink>
