import { ask, nextPage, request } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import type { Checkpoint, Shipment, ShipmentWithEstimates } from './shipment.ts'

/** The shipments of an order, oldest first. */
export function readShipmentsOf(orderUid: string): Latest<readonly Shipment[]> {
  return new Latest(() => ask<Shipment[]>(`/api/orders/${encodeURIComponent(orderUid)}/shipments`))
}

export function readShipment(id: string): Latest<ShipmentWithEstimates> {
  return new Latest(() => ask<ShipmentWithEstimates>(`/api/shipments/${encodeURIComponent(id)}`))
}

const checkpointsMax = 1_000
const answerDeadlineMs = 15_000

/** The checkpoints of a shipment's parcels as the API lists them, and whether there are more. */
export function readCheckpoints(
  id: string,
): Latest<Readonly<{ checkpoints: readonly Checkpoint[]; hasMore: boolean }>> {
  return new Latest(async () => {
    const path = `/api/shipments/${encodeURIComponent(id)}/checkpoints?limit=${checkpointsMax}`
    const response = await request(path, { signal: AbortSignal.timeout(answerDeadlineMs) })
    return { checkpoints: (await response.json()) as Checkpoint[], hasMore: nextPage(response) !== undefined }
  })
}
