import type { DeliveryStatus } from '../orders/order.ts'
import type { OrderShipments } from './changes.ts'
import type { Shipment, ShipmentUnit } from './shipment.ts'

/** Where a unit of an order is; undefined: it has not left. */
type UnitPlace = 'shipped' | 'delivered' | 'returned' | undefined

function placeOf({ state }: Shipment, { returnedAtMs }: ShipmentUnit): UnitPlace {
  if (returnedAtMs !== undefined) return 'returned'
  return state === 'shipped' || state === 'delivered' || state === 'returned' ? state : undefined
}

/**
 * What is delivered of an order, from its units and not from its parcels: `returned` when all of them came back, `delivered` when each has
 * arrived or come back. Pure; a check repeats it in SQL.
 */
export function deliveryStatusOf({ units, shipments }: Pick<OrderShipments, 'units' | 'shipments'>): DeliveryStatus {
  const places = shipments.flatMap(shipment => shipment.units.map(unit => placeOf(shipment, unit)))
  const count = (wanted: UnitPlace) => places.filter(place => place === wanted).length
  const [shipped, delivered, returned] = [count('shipped'), count('delivered'), count('returned')]
  if (returned === units && units > 0) return 'returned'
  if (delivered + returned === units && units > 0) return 'delivered'
  if (delivered + returned > 0) return 'partially_delivered'
  if (shipped === units && units > 0) return 'shipped'
  return shipped > 0 ? 'partially_shipped' : 'unfulfilled'
}
