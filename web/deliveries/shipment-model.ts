import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import type { Shipment, ShipmentWithEstimates } from './shipment.ts'

/** The shipments of an order, oldest first. */
export function readShipmentsOf(orderUid: string): Latest<readonly Shipment[]> {
  return new Latest(() => ask<Shipment[]>(`/api/orders/${encodeURIComponent(orderUid)}/shipments`))
}

export function readShipment(id: string): Latest<ShipmentWithEstimates> {
  return new Latest(() => ask<ShipmentWithEstimates>(`/api/shipments/${encodeURIComponent(id)}`))
}
