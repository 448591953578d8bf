import type { EventDefinition } from '../events/definition.ts'
import type { LockedOrder } from '../orders/order-locks.ts'
import type { Shipment, ShipmentState } from './shipment.ts'

/** What decisions are made by, and what they come to. */

/** An order with its shipments, oldest first. */
export type OrderShipments = Readonly<{
  order: LockedOrder
  /** How many units it has: its items. */
  units: number
  /** The date of its document, in milliseconds since 1970. */
  placedAtMs: number
  shipments: readonly Shipment[]
}>

/** When a shipment is expected, as it was said at a time. */
export type Estimate = Readonly<{
  /** The version of the shipment with which it was said. */
  version: number
  estimatedDeliveryAtMs: number | undefined
  promisedByMs: number | undefined
  /** Who said so: a person, or a carrier. */
  source: string
  recordedAtMs: number
}>

/** Why something changes, when, and who does it. */
export type Cause = Readonly<{
  /** Milliseconds since 1970 by the clock of the database. */
  nowMs: number
  reason: string
  actor: string
  /** W3C Trace Context of what made it. */
  traceparent?: string | undefined
}>

/** A change of a shipment that was decided on: a version of it, with its event. */
export type ShipmentChange = Readonly<{
  /** Undefined: it is new. */
  before: Shipment | undefined
  after: Shipment
  event: EventDefinition
  estimate?: Estimate | undefined
  traceparent?: string | undefined
}>

/** What may change of a shipment with its next version. */
type Changed = Partial<
  Omit<Shipment, 'orderUid' | 'shipmentId' | 'version' | 'createdAtMs' | 'updatedAtMs' | 'reason' | 'actor'>
>

/** The next version of a shipment. */
export function nextVersion(
  before: Shipment,
  changed: Changed,
  event: EventDefinition,
  { nowMs, reason, actor, traceparent }: Cause,
): ShipmentChange {
  // The clock of another instance may be ahead: the times of a stream must not run backwards.
  const updatedAtMs = Math.max(nowMs, before.updatedAtMs)
  const after = { ...before, ...changed, version: before.version + 1, reason, actor, updatedAtMs }
  return { before, after, event, estimate: estimateOf(before, after, actor), traceparent }
}

/** The estimate that a version of a shipment has said; undefined when it said nothing new. */
export function estimateOf(before: Shipment | undefined, after: Shipment, source: string): Estimate | undefined {
  const { estimatedDeliveryAtMs, promisedByMs, version, updatedAtMs: recordedAtMs } = after
  if (estimatedDeliveryAtMs === before?.estimatedDeliveryAtMs && promisedByMs === before?.promisedByMs) return undefined
  return { version, estimatedDeliveryAtMs, promisedByMs, source, recordedAtMs }
}

/** The time that a shipment in a state has: when it came into it. */
export function timeOfState(state: ShipmentState, atMs: number): Changed {
  switch (state) {
    case 'planned':
      return {}
    case 'packed':
      return { packedAtMs: atMs }
    case 'shipped':
      return { shippedAtMs: atMs }
    case 'delivered':
      return { deliveredAtMs: atMs }
    case 'returned':
      return { returnedAtMs: atMs }
    case 'cancelled':
      return { cancelledAtMs: atMs }
  }
}

/** An order's shipments after changes of them. */
export function withChanges(before: OrderShipments, changes: readonly ShipmentChange[]): OrderShipments {
  if (changes.length === 0) return before
  const now = new Map(before.shipments.map(shipment => [shipment.shipmentId, shipment]))
  for (const { after } of changes) now.set(after.shipmentId, after)
  return { ...before, shipments: [...now.values()] }
}
