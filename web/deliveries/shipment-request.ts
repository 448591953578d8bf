import { request } from '../platform/api.ts'
import type { IdempotencyKey } from '../platform/idempotency-key.ts'
import type { Shipment, ShipmentAction } from './shipment.ts'

/** Asks something of a shipment. @returns the shipment then @throws Refusal */
export async function moveShipment(
  id: string,
  action: ShipmentAction,
  body: object,
  key: IdempotencyKey,
): Promise<Shipment> {
  return send(`/api/shipments/${encodeURIComponent(id)}/${action}`, body, key)
}

/** Plans a shipment of an order. @throws Refusal */
export async function createShipment(orderUid: string, body: object, key: IdempotencyKey): Promise<Shipment> {
  return send(`/api/orders/${encodeURIComponent(orderUid)}/shipments`, body, key)
}

async function send(path: string, body: object, key: IdempotencyKey): Promise<Shipment> {
  const response = await key.use(headers => request(path, { method: 'POST', headers, body: { ...body, actor: 'web' } }))
  return (await response.json()) as Shipment
}
