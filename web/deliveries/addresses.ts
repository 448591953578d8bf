import { addressOf } from '../platform/address.ts'

export const paths = { shipments: '/shipments', shipment: '/shipments/:id', slips: '/packing-slips' } as const

/** The address of a shipment's page. */
export function shipmentAddress(id: string): string {
  return addressOf(paths.shipment, { id })
}

/** The address of the list of shipments, narrowed by the API's own parameters. */
export function shipmentsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.shipments, { query })
}

/** The address of the packing slips of shipments, a page of paper each. */
export function slipsAddress(ids: readonly string[]): string {
  return addressOf(paths.slips, { query: { id: ids.join(',') } })
}
