import { copyOfEvents } from '../events/append.ts'
import type { NewOrder } from '../orders/new-order.ts'
import type { PlacementPart } from '../orders/placement-part.ts'
import type { ShipmentChange } from './changes.ts'
import { newShipment } from './decide-create.ts'
import { eventOf, shipmentEvents } from './events.ts'
import { plannedShipmentId } from './ids.ts'
import { type OrderItem, itemsOf } from './order-items.ts'
import { rowsOf } from './save.ts'

/** An order whose items have several track_numbers is put into parcels by its sender already: each is a planned shipment. */
export const plannedShipments: PlacementPart = {
  rows(placed) {
    const changes = placed.filter(({ order }) => mayHaveSeveral(order)).flatMap(shipmentsOf)
    if (changes.length === 0) return []
    return [...rowsOf(changes).copies, copyOfEvents(changes.map(eventOf))].filter(({ items }) => items > 0)
  },
}

/**
 * Whether the items of an order may be in several parcels. Nearly every order has one track_number, which its document names once for
 * itself and once for each item: that is found without parsing the document.
 */
function mayHaveSeveral({ lines, trackNumber, json }: NewOrder['order']): boolean {
  if (lines.length < 2) return false
  const named = `"track_number":"${trackNumber}"`
  let count = 0
  for (let at = json.indexOf(named); at >= 0; at = json.indexOf(named, at + named.length)) count += 1
  return count !== lines.length + 1
}

function shipmentsOf({ order, placedAt }: NewOrder): ShipmentChange[] {
  const { orderUid, json, traceparent } = order
  const parcels = [...Map.groupBy(itemsOf(json), ({ trackNumber }) => trackNumber)]
  if (parcels.length < 2) return []
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
