import { ask, request } from '../platform/api.ts'
import { shipmentAddress, shipmentsAddress } from './addresses.ts'
import type { Shipment } from './shipment.ts'

const idForm = /^shp_[a-z0-9]{24}$/

/** Whether a text is the id of a shipment, by its form. */
export function isShipmentId(text: string): boolean {
  return idForm.test(text)
}

/** Finds a shipment by its id, or by a tracking number. @returns the address of its page; of the list where there are several, or none */
export async function findShipment(text: string): Promise<{ address: string; isFound: boolean }> {
  if (isShipmentId(text)) {
    const address = shipmentAddress(text)
    return request(`/api/shipments/${text}`).then(
      () => ({ address, isFound: true }),
      () => ({ address, isFound: false }),
    )
  }
  const parameters = { tracking_number: text }
  const found = await ask<Shipment[]>(`/api/shipments?${new URLSearchParams({ ...parameters, limit: '2' })}`).catch(
    () => [],
  )
  const [first] = found
  const address = found.length === 1 && first !== undefined ? shipmentAddress(first.id) : shipmentsAddress(parameters)
  return { address, isFound: found.length > 0 }
}
