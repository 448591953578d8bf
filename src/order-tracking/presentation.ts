import { isLate, type Shipment, type TrackingNumber } from '../deliveries/shipment.ts'
import { type Checkpoint, normalizeNumber } from '../tracking/checkpoint.ts'
import { parcelKey } from '../tracking/parcel.ts'
import type { ShippedParcel } from '../tracking/parcel-queries.ts'
import { presentParcel } from '../tracking/presentation.ts'
import type { LinkableOrder } from './link-queries.ts'
import type { TrackedOrder, TrackedOrderParcel, TrackedShipment } from './views.ts'

/** Shipments and parcels of an order that are shown, and checkpoints of a parcel. */
export const shipmentsMax = 50
export const parcelsMax = 50
export const checkpointsMax = 100

/** What of an order's shipments is shown. */
export type FoundParcels = Readonly<{
  /** How many units the order has. */
  units: number
  /** All of the order, oldest first. */
  shipments: readonly Shipment[]
  /** One more than are shown, if there are. */
  parcels: readonly ShippedParcel[]
  /** By `parcelKey`. */
  checkpoints: ReadonlyMap<string, readonly Checkpoint[]>
}>

/** An order's tracking page. Pure. @param nowMs milliseconds since 1970 */
export function presentOrder(order: LinkableOrder, found: FoundParcels, nowMs: number): TrackedOrder {
  const live = found.shipments.filter(({ state }) => state !== 'cancelled')
  const left = live.filter(({ shippedAtMs }) => shippedAtMs !== undefined)
  const unitsLeft = left.reduce((units, shipment) => units + shipment.units.length, 0)
  const isOver = order.status === 'cancelled' || order.status === 'expired'
  return {
    ordered_at: new Date(order.createdAtMs).toISOString(),
    ...{ delivery_status: order.deliveryStatus, cancelled: isOver, units: found.units },
    units_waiting: isOver ? 0 : Math.max(0, found.units - unitsLeft),
    shipments: live.slice(0, shipmentsMax).map(shipment => presentShipment(shipment, found, nowMs)),
    has_more: live.length > shipmentsMax || found.parcels.length > parcelsMax,
  }
}

function presentShipment(shipment: Shipment, { parcels, checkpoints }: FoundParcels, nowMs: number): TrackedShipment {
  const own = parcels.slice(0, parcelsMax).filter(({ shipmentId }) => shipmentId === shipment.shipmentId)
  return {
    state: shipment.state as TrackedShipment['state'],
    units: shipment.units.length,
    ...{ carrier: shipment.carrier ?? null, status: shipment.tracking ?? null, late: isLate(shipment, nowMs) },
    promised_by: timeOf(shipment.promisedByMs),
    estimated_delivery_at: timeOf(shipment.estimatedDeliveryAtMs),
    shipped_at: timeOf(shipment.shippedAtMs),
    delivered_at: timeOf(shipment.deliveredAtMs),
    parcels: own.map(({ parcel }): TrackedOrderParcel => {
      const shown = presentParcel(parcel, checkpoints.get(parcelKey(parcel)) ?? [])
      const role = roleOf(shipment.numbers, parcel.number)
      return { ...shown, checkpoints: shown.checkpoints.slice(0, checkpointsMax), role }
    }),
  }
}

function roleOf(numbers: readonly TrackingNumber[], number: string): TrackingNumber['role'] {
  return numbers.find(one => normalizeNumber(one.number) === number)?.role ?? 'main'
}

const timeOf = (atMs: number | undefined) => (atMs === undefined ? null : new Date(atMs).toISOString())
