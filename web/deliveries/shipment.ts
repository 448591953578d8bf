import type { ShipmentState } from '../../src/deliveries/shipment.ts'
import type { NumberView, ShipmentAction, ShipmentView, ShipmentWithEstimatesView } from '../../src/deliveries/views.ts'
import type { ShipmentCheckpoint } from '../../src/tracking/views.ts'

/** A shipment as lists give it; with its estimates, as its own page does. */
export type Shipment = ShipmentView
export type ShipmentWithEstimates = ShipmentWithEstimatesView
export type TrackingNumber = NumberView
export type Checkpoint = ShipmentCheckpoint
export type { ShipmentAction, ShipmentState }

/** The states of shipments, in the order in which they are offered as a filter. */
export const states = [
  'planned',
  'packed',
  'shipped',
  'delivered',
  'returned',
  'cancelled',
] as const satisfies readonly ShipmentState[]

export const tones: Record<ShipmentState, string> = {
  planned: 'waiting',
  packed: 'active',
  shipped: 'active',
  delivered: 'good',
  returned: 'plain',
  cancelled: 'plain',
}

/** The tone of what a carrier says. What keeps a parcel from arriving needs attention. */
export function trackingTone(status: string): string {
  if (status === 'delivered') return 'good'
  if (['delayed', 'on_hold', 'attempted_delivery', 'available_for_pickup'].includes(status)) return 'attention'
  if (['failure', 'return_to_sender', 'cancelled', 'expired'].includes(status)) return 'bad'
  return status === 'unknown' || status === 'pre_transit' ? 'plain' : 'active'
}

/** Checkpoints by parcel, in the order of the list. */
export function parcelsOf(list: readonly Checkpoint[]) {
  const all = Map.groupBy(list, ({ tracking_number: number, carrier }) => `${number} ${carrier ?? ''}`)
  return [...all.values()].map(checkpoints => ({
    number: checkpoints[0]?.tracking_number ?? '',
    carrier: checkpoints[0]?.carrier ?? '',
    checkpoints,
  }))
}

/** The units of the order that are in no shipment that is not cancelled. */
export function unshippedUnits(
  items: readonly { rid: string; name: string }[],
  shipments: readonly Shipment[],
): { line: number; rid: string; name: string }[] {
  const taken = new Set(
    shipments.filter(({ state }) => state !== 'cancelled').flatMap(({ units }) => units.map(({ line }) => line)),
  )
  return items.map(({ rid, name }, line) => ({ line, rid, name })).filter(({ line }) => !taken.has(line))
}

/** What carriers are called, as the API takes it. */
export const carrierPattern = '[a-z0-9][a-z0-9_\\-]{0,63}'
