import type { StreamDefinition } from '../events/stream-definition.ts'

export const shipmentStreamType = 'shipment'

/** The stream of a shipment: what has happened to it. */
export const shipmentStream: StreamDefinition = {
  type: shipmentStreamType,
  heads: 'select shipment_id as stream_id, version, updated_at from shipments',
  addressOf: shipmentId => `/api/shipments/${shipmentId}`,
}
