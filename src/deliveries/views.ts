import { type Static, Type } from 'typebox'
import { listOf, nullable, time, wordOrNull } from '../platform/view.ts'
import { trackingStatuses } from '../tracking/tracking-status.ts'
import { numberChecks, numberRoles, shipmentStates } from './shipment.ts'

/** Shipments as they are answered, and as events carry them. */

const text = (description: string) => Type.String({ description })

export const shipmentState = Type.Enum([...shipmentStates], { title: 'ShipmentState' })

const trackingStatus = (description: string) => wordOrNull(trackingStatuses, description)

export const numberRole = Type.Enum([...numberRoles], {
  title: 'TrackingNumberRole',
  description: 'What it is of: the parcel, the carrier that takes it the last mile, or its way back',
})

export const numberView = Type.Object(
  {
    number: text('As the carrier knows the parcel'),
    carrier: nullable(Type.String(), { description: 'Whose number it is; null: nobody has said' }),
    role: numberRole,
    url: nullable(Type.String(), { description: 'Where the customer can follow it' }),
    check: Type.Enum([...numberChecks], {
      title: 'TrackingNumberCheck',
      description: 'What its check digit says; a wrong one is kept. unknown: it is of no form that has one',
    }),
    status: trackingStatus('What the carrier last said of this parcel; null: nothing yet'),
    added_at: time(),
  },
  { title: 'TrackingNumber', description: 'A number that a carrier knows a parcel by' },
)
export type NumberView = Static<typeof numberView>

const shared = {
  state: shipmentState,
  rids: listOf(Type.String(), { description: 'The units in it, by the rid of their items' }),
  location: nullable(Type.String(), { description: 'Where it leaves from; null: where its units are reserved' }),
  carrier: nullable(Type.String(), { description: 'Who carries it; null: nobody has said' }),
  tracking_status: trackingStatus('What the carrier last said of it; null: nothing yet'),
  tracking_numbers: listOf(numberView, { description: 'Added, never replaced' }),
  promised_by: nullable(time(), { description: 'By when the customer was promised to have it' }),
  estimated_delivery_at: nullable(time(), { description: 'When it is expected to arrive' }),
}

export const shipmentActions = ['pack', 'ship', 'deliver', 'cancel', 'update'] as const
export type ShipmentAction = (typeof shipmentActions)[number]

const unitView = Type.Object(
  {
    rid: text('The rid of its item'),
    line: Type.Integer({ minimum: 0, description: "The place of its item in the order's document, from 0" }),
    chrt_id: Type.Integer({ minimum: 0, format: 'int64', description: 'The item' }),
    shipped_from: nullable(Type.String(), {
      description: 'The location whose stock it was taken from; null: it has not left, or its item is not tracked',
    }),
    returned_at: nullable(time(), { description: 'When it came back' }),
  },
  { title: 'ShipmentUnit', description: 'A unit of the order in the shipment' },
)

export const shipmentView = Type.Object(
  {
    id: Type.String(),
    order_uid: Type.String(),
    ...shared,
    units: listOf(unitView),
    late: Type.Boolean({ description: 'Whether it has not arrived by the time that was promised' }),
    silent: Type.Boolean({ description: 'Whether the carrier has said nothing for so long that somebody has to ask' }),
    available_actions: listOf(Type.Enum([...shipmentActions], { title: 'ShipmentAction' }), {
      description: 'What can be asked of it now',
    }),
    reason: text('Why it last changed'),
    actor: text('Who changed it last'),
    version: Type.Integer({ minimum: 1, description: 'Counts the changes' }),
    created_at: time(),
    packed_at: nullable(time()),
    shipped_at: nullable(time()),
    delivered_at: nullable(time()),
    returned_at: nullable(time()),
    cancelled_at: nullable(time()),
    delayed_at: nullable(time(), { description: 'When it was noticed that the promise is not kept' }),
    updated_at: time(),
  },
  { title: 'Shipment', description: 'Units of an order that go out together' },
)
export type ShipmentView = Static<typeof shipmentView>

export const estimateView = Type.Object(
  {
    estimated_delivery_at: nullable(time(), { description: 'When it was expected then' }),
    promised_by: nullable(time()),
    source: text('Who said so: a person, or a carrier'),
    recorded_at: time(),
  },
  { title: 'ShipmentEstimate', description: 'When a shipment was expected, as it was said at a time' },
)

/** A shipment read by itself, with the history of its estimates, oldest first. */
export const shipmentWithEstimatesView = Type.Object(
  { ...shipmentView.properties, estimates: listOf(estimateView) },
  { title: 'ShipmentWithEstimates', description: 'A shipment, and when it was expected over time' },
)
export type ShipmentWithEstimatesView = Static<typeof shipmentWithEstimatesView>

/** What the events of shipments carry. */
export const shipmentData = Type.Object({
  ...shared,
  previous_state: wordOrNull(shipmentStates, 'The state before it; null: the shipment is new'),
  version: Type.Integer({ minimum: 1, description: 'The version of the shipment after it: the sequence of the event' }),
  reason: text('Why, in the words of the caller; may be empty'),
  actor: text('Who asked'),
})
export type ShipmentData = Static<typeof shipmentData>
