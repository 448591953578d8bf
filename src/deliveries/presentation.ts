import type { Estimate, ShipmentChange } from './changes.ts'
import { isLate, isSilent, type Shipment, type ShipmentState, type TrackingNumber } from './shipment.ts'
import type { NumberView, ShipmentAction, ShipmentData, ShipmentView, ShipmentWithEstimatesView } from './views.ts'

const actions: Readonly<Record<ShipmentState, readonly ShipmentAction[]>> = {
  planned: ['pack', 'ship', 'cancel', 'update'],
  packed: ['ship', 'cancel', 'update'],
  shipped: ['deliver', 'cancel', 'update'],
  delivered: ['update'],
  returned: [],
  cancelled: [],
}

/** A shipment as the API shows it. */
export function presentShipment(shipment: Shipment, nowMs: number): ShipmentView {
  return {
    id: shipment.shipmentId,
    order_uid: shipment.orderUid,
    ...sharedOf(shipment),
    units: shipment.units.map(({ rid, line, chrtId, shippedFrom, returnedAtMs }) => ({
      ...{ rid, line, chrt_id: chrtId, shipped_from: shippedFrom ?? null, returned_at: timeOf(returnedAtMs) },
    })),
    late: isLate(shipment, nowMs),
    silent: isSilent(shipment),
    available_actions: actions[shipment.state],
    reason: shipment.reason,
    actor: shipment.actor,
    version: shipment.version,
    created_at: new Date(shipment.createdAtMs).toISOString(),
    packed_at: timeOf(shipment.packedAtMs),
    shipped_at: timeOf(shipment.shippedAtMs),
    delivered_at: timeOf(shipment.deliveredAtMs),
    returned_at: timeOf(shipment.returnedAtMs),
    cancelled_at: timeOf(shipment.cancelledAtMs),
    delayed_at: timeOf(shipment.delayedAtMs),
    updated_at: new Date(shipment.updatedAtMs).toISOString(),
  }
}

/** The same with the history of its estimates. @param estimates oldest first */
export function presentWithEstimates(
  shipment: Shipment,
  estimates: readonly Estimate[],
  nowMs: number,
): ShipmentWithEstimatesView {
  return {
    ...presentShipment(shipment, nowMs),
    estimates: estimates.map(({ estimatedDeliveryAtMs, promisedByMs, source, recordedAtMs }) => ({
      estimated_delivery_at: timeOf(estimatedDeliveryAtMs),
      promised_by: timeOf(promisedByMs),
      source,
      recorded_at: new Date(recordedAtMs).toISOString(),
    })),
  }
}

/** What the event of a change carries. */
export function dataOf({ before, after }: ShipmentChange): ShipmentData {
  const { version, reason, actor } = after
  return { ...sharedOf(after), previous_state: before?.state ?? null, version, reason, actor }
}

function sharedOf(shipment: Shipment) {
  return {
    state: shipment.state,
    rids: shipment.units.map(({ rid }) => rid),
    location: shipment.location ?? null,
    carrier: shipment.carrier ?? null,
    tracking_status: shipment.tracking ?? null,
    tracking_numbers: shipment.numbers.map(presentNumber),
    promised_by: timeOf(shipment.promisedByMs),
    estimated_delivery_at: timeOf(shipment.estimatedDeliveryAtMs),
  }
}

function presentNumber({ number, carrier, role, url, check, status, addedAtMs }: TrackingNumber): NumberView {
  const added = new Date(addedAtMs).toISOString()
  return { number, carrier: carrier ?? null, role, url: url ?? null, check, status: status ?? null, added_at: added }
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
