import { type Column, inWholeMilliseconds as time, tableOf } from '../platform/table.ts'
import type { NumberCheck } from '../tracking/check-digits.ts'
import type { TrackingStatus } from '../tracking/tracking-status.ts'
import type { Estimate } from './changes.ts'
import type { NumberRole, Shipment, ShipmentState, ShipmentUnit, TrackingNumber } from './shipment.ts'

/** The rows of shipments, as they are written and read. */

const times = [
  ['promised_by', 'promisedByMs'],
  ['estimated_delivery_at', 'estimatedDeliveryAtMs'],
  ['delayed_at', 'delayedAtMs'],
  ['silent_at', 'silentAtMs'],
  ['packed_at', 'packedAtMs'],
  ['shipped_at', 'shippedAtMs'],
  ['delivered_at', 'deliveredAtMs'],
  ['returned_at', 'returnedAtMs'],
  ['cancelled_at', 'cancelledAtMs'],
  ['updated_at', 'updatedAtMs'],
] as const
type Time = (typeof times)[number][0]

export const shipmentsTable = tableOf<Shipment>('shipments', [
  { name: 'order_uid', type: 'text', role: 'key', of: shipment => shipment.orderUid },
  { name: 'shipment_id', type: 'text', role: 'key', of: shipment => shipment.shipmentId },
  { name: 'state', type: 'text', of: shipment => shipment.state },
  { name: 'location', type: 'text', of: shipment => shipment.location },
  { name: 'carrier', type: 'text', of: shipment => shipment.carrier },
  { name: 'tracking', type: 'text', of: shipment => shipment.tracking },
  { name: 'reason', type: 'text', of: shipment => shipment.reason },
  { name: 'actor', type: 'text', of: shipment => shipment.actor },
  { name: 'version', type: 'integer', of: shipment => shipment.version },
  { name: 'created_at', type: 'timestamptz', role: 'fixed', of: shipment => shipment.createdAtMs },
  ...times.map(([name, field]): Column<Shipment> => ({ name, type: 'timestamptz', of: shipment => shipment[field] })),
])

export const shipmentColumns = `order_uid, shipment_id, state, location, carrier, tracking, reason, actor, version, ${time('created_at')},
  ${times.map(([name]) => time(name)).join(', ')}`

export type ShipmentRow = Readonly<
  Record<Time, number | null> & {
    order_uid: string
    shipment_id: string
    state: ShipmentState
    location: string | null
    carrier: string | null
    tracking: TrackingStatus | null
    reason: string
    actor: string
    version: number
    created_at: number
  }
>

/** A unit or a number with the shipment that it is of. */
export type Of<Part> = Part & Readonly<{ orderUid: string; shipmentId: string }>

export const unitsTable = tableOf<Of<ShipmentUnit> & { isLive: boolean }>('shipment_units', [
  { name: 'order_uid', type: 'text', role: 'key', of: unit => unit.orderUid },
  { name: 'shipment_id', type: 'text', role: 'key', of: unit => unit.shipmentId },
  { name: 'line', type: 'integer', role: 'key', of: unit => unit.line },
  { name: 'rid', type: 'text', role: 'fixed', of: unit => unit.rid },
  { name: 'chrt_id', type: 'bigint', role: 'fixed', of: unit => unit.chrtId },
  { name: 'is_live', type: 'boolean', of: unit => unit.isLive },
  { name: 'shipped_from', type: 'text', of: unit => unit.shippedFrom },
  { name: 'was_reserved', type: 'boolean', of: unit => unit.wasReserved },
  { name: 'returned_at', type: 'timestamptz', of: unit => unit.returnedAtMs },
])

export const unitColumns = `shipment_id, line, rid, chrt_id, shipped_from, was_reserved, ${time('returned_at')}`

export type UnitRow = Readonly<{
  shipment_id: string
  line: number
  rid: string
  chrt_id: number
  shipped_from: string | null
  was_reserved: boolean
  returned_at: number | null
}>

export const numbersTable = tableOf<Of<TrackingNumber>>('shipment_tracking_numbers', [
  { name: 'order_uid', type: 'text', role: 'key', of: number => number.orderUid },
  { name: 'shipment_id', type: 'text', role: 'key', of: number => number.shipmentId },
  { name: 'number', type: 'text', role: 'key', of: number => number.number },
  { name: 'carrier', type: 'text', role: 'fixed', of: number => number.carrier },
  { name: 'role', type: 'text', role: 'fixed', of: number => number.role },
  { name: 'url', type: 'text', role: 'fixed', of: number => number.url },
  { name: 'check_digit', type: 'text', role: 'fixed', of: number => number.check },
  { name: 'status', type: 'text', of: number => number.status },
  { name: 'added_at', type: 'timestamptz', role: 'fixed', of: number => number.addedAtMs },
])

export const numberColumns = `shipment_id, number, carrier, role, url, check_digit, status, ${time('added_at')}`

export type NumberRow = Readonly<{
  shipment_id: string
  number: string
  carrier: string | null
  role: NumberRole
  url: string | null
  check_digit: NumberCheck
  status: TrackingStatus | null
  added_at: number
}>

export const estimatesTable = tableOf<Of<Estimate>>('shipment_estimates', [
  { name: 'order_uid', type: 'text', role: 'key', of: estimate => estimate.orderUid },
  { name: 'shipment_id', type: 'text', role: 'key', of: estimate => estimate.shipmentId },
  { name: 'version', type: 'integer', role: 'key', of: estimate => estimate.version },
  { name: 'estimated_delivery_at', type: 'timestamptz', of: estimate => estimate.estimatedDeliveryAtMs },
  { name: 'promised_by', type: 'timestamptz', of: estimate => estimate.promisedByMs },
  { name: 'source', type: 'text', of: estimate => estimate.source },
  { name: 'recorded_at', type: 'timestamptz', of: estimate => estimate.recordedAtMs },
])

export const estimateColumns = `order_uid, shipment_id, version, ${time('estimated_delivery_at')}, ${time('promised_by')}, source, ${time('recorded_at')}`

export type EstimateRow = Readonly<{
  order_uid: string
  shipment_id: string
  version: number
  estimated_delivery_at: number | null
  promised_by: number | null
  source: string
  recorded_at: number
}>

/** @param units its own, in the order of their lines; numbers: its own, in the order in which they were added */
export function toShipment(row: ShipmentRow, units: readonly UnitRow[], numbers: readonly NumberRow[]): Shipment {
  const { order_uid: orderUid, shipment_id: shipmentId, state, reason, actor, version, created_at: createdAtMs } = row
  return {
    ...{ orderUid, shipmentId, state, reason, actor, version, createdAtMs },
    location: row.location ?? undefined,
    carrier: row.carrier ?? undefined,
    tracking: row.tracking ?? undefined,
    promisedByMs: row.promised_by ?? undefined,
    estimatedDeliveryAtMs: row.estimated_delivery_at ?? undefined,
    delayedAtMs: row.delayed_at ?? undefined,
    silentAtMs: row.silent_at ?? undefined,
    packedAtMs: row.packed_at ?? undefined,
    shippedAtMs: row.shipped_at ?? undefined,
    deliveredAtMs: row.delivered_at ?? undefined,
    returnedAtMs: row.returned_at ?? undefined,
    cancelledAtMs: row.cancelled_at ?? undefined,
    updatedAtMs: row.updated_at ?? createdAtMs,
    units: units.map(toUnit),
    numbers: numbers.map(toNumber),
  }
}

function toUnit(row: UnitRow): ShipmentUnit {
  return {
    line: row.line,
    rid: row.rid,
    chrtId: row.chrt_id,
    shippedFrom: row.shipped_from ?? undefined,
    wasReserved: row.was_reserved,
    returnedAtMs: row.returned_at ?? undefined,
  }
}

function toNumber(row: NumberRow): TrackingNumber {
  return {
    number: row.number,
    carrier: row.carrier ?? undefined,
    role: row.role,
    url: row.url ?? undefined,
    check: row.check_digit,
    status: row.status ?? undefined,
    addedAtMs: row.added_at,
  }
}

export function toEstimate(row: EstimateRow): Estimate {
  return {
    version: row.version,
    estimatedDeliveryAtMs: row.estimated_delivery_at ?? undefined,
    promisedByMs: row.promised_by ?? undefined,
    source: row.source,
    recordedAtMs: row.recorded_at,
  }
}
