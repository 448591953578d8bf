import { copyOfEvents } from '../events/append.ts'
import type { NewOrder } from '../orders/new-order.ts'
import type { PlacementPart } from '../orders/placement-part.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { attachParcels } from '../tracking/attach.ts'
import { lockNumbers } from '../tracking/parcel-queries.ts'
import { attachmentsOf } from './attachments.ts'
import type { ShipmentChange } from './changes.ts'
import { newShipment } from './decide-create.ts'
import { eventOf, shipmentEvents } from './events.ts'
import { plannedShipmentId } from './ids.ts'
import { type OrderItem, itemsOf } from './order-items.ts'
import { followParcels } from './parcel-changes.ts'
import { rowsOf } from './save.ts'

/**
 * An order whose items have several track_numbers is put into parcels by its sender already: each is a planned shipment, under its number.
 * Numbers are locked before the items that other parts lock.
 */
export const plannedShipments: PlacementPart = {
  decidesFirst: true,
  concerns: orders => orders.some(isInParcels),
  async decide(client, orders) {
    const numbers = planned(orders).flatMap(({ after }) => after.numbers.map(({ number }) => number))
    await lockNumbers(client, numbers)
    return orders.map(() => ({ kind: 'accepted' }))
  },
  rows(placed) {
    const changes = planned(placed)
    if (changes.length === 0) return []
    return [...rowsOf(changes).copies, copyOfEvents(changes.map(eventOf))].filter(({ items }) => items > 0)
  },
  settles: placed => placed.some(isInParcels),
  async settle(client, placed) {
    const nowMs = placed[0]?.placedAt.getTime() ?? 0
    const news = await attachParcels(client, attachmentsOf(planned(placed)), nowMs)
    if (news.length === 0) return []
    const { updates = [], rows = [], events } = await parcels.onParcelsChanged(client, news, nowMs)
    await inOneRoundTrip(client, updates)
    return [...rows, copyOfEvents(events)].filter(({ items }) => items > 0)
  },
}

/** What carriers have said of parcels before their order came. Nothing of it completes an order, and nobody has it in memory. */
const parcels = followParcels({ parts: () => [], onCommitted: () => undefined })

const isInParcels = ({ order }: NewOrder) => order.isInParcels === true

const planned = (placed: readonly NewOrder[]) => placed.filter(isInParcels).flatMap(shipmentsOf)

function shipmentsOf({ order, placedAt }: NewOrder): ShipmentChange[] {
  const { orderUid, json, traceparent } = order
  const parcels = [...Map.groupBy(itemsOf(json), ({ trackNumber }) => trackNumber)]
  const cause = {
    nowMs: placedAt.getTime(),
    reason: 'planned by the sender of the order',
    actor: 'orders',
    traceparent,
  }
  return parcels.map(([number, items]) => ({
    before: undefined,
    after: newShipment(
      {
        ...{ orderUid, shipmentId: plannedShipmentId(orderUid, number), units: items.map(unitOf) },
        ...{ location: undefined, carrier: undefined, promisedByMs: undefined, estimatedDeliveryAtMs: undefined },
        numbers: [{ number, carrier: undefined, role: 'main', url: undefined }],
      },
      cause,
    ),
    event: shipmentEvents.created,
    traceparent,
  }))
}

function unitOf({ line, rid, chrtId }: OrderItem) {
  return { line, rid, chrtId, shippedFrom: undefined, wasReserved: false, returnedAtMs: undefined }
}
