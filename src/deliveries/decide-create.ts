import { AppError, type Violation } from '../errors.ts'
import { checkNumber } from '../tracking/check-digits.ts'
import { type Cause, estimateOf, type OrderShipments, type ShipmentChange } from './changes.ts'
import { shipmentEvents } from './events.ts'
import type { OrderItem } from './order-items.ts'
import { refuse } from './refusal.ts'
import { isLive, type NumberRole, type Shipment, type ShipmentUnit, type TrackingNumber } from './shipment.ts'

/** What is asked for with a new shipment. */
export type NewShipment = Readonly<{
  shipmentId: string
  /** One for each unit: an order may name two items alike. */
  rids: readonly string[]
  location: string | undefined
  carrier: string | undefined
  numbers: readonly NewNumber[]
  promisedByMs: number | undefined
  estimatedDeliveryAtMs: number | undefined
}>

export type NewNumber = Readonly<{
  number: string
  carrier: string | undefined
  role: NumberRole
  url: string | undefined
}>

/**
 * Decides on a new shipment. Pure.
 *
 * @param items of the order's document
 * @throws AppError SHIPMENT_INVALID for units that the order does not have, SHIPMENT_UNIT_TAKEN, SHIPMENT_ORDER_REFUSED for an order that is over
 */
export function decideCreate(
  before: OrderShipments,
  items: readonly OrderItem[],
  input: NewShipment,
  cause: Cause,
): ShipmentChange {
  const { orderUid, state } = before.order
  if (state.status === 'cancelled' || state.status === 'expired' || state.status === 'completed')
    refuse('SHIPMENT_ORDER_REFUSED', `the order is ${state.status}`)
  const { shipmentId, location, carrier, numbers, promisedByMs, estimatedDeliveryAtMs } = input
  const units = unitsOf(before, items, input.rids)
  const made = { orderUid, shipmentId, units, location, carrier, numbers, promisedByMs, estimatedDeliveryAtMs }
  const after = newShipment(made, cause)
  const estimate = estimateOf(undefined, after, cause.actor)
  return { before: undefined, after, event: shipmentEvents.created, estimate, traceparent: cause.traceparent }
}

type Made = Pick<
  Shipment,
  'orderUid' | 'shipmentId' | 'units' | 'location' | 'carrier' | 'promisedByMs' | 'estimatedDeliveryAtMs'
> &
  Readonly<{ numbers: readonly NewNumber[] }>

/** A shipment that is planned. */
export function newShipment({ numbers, ...made }: Made, { nowMs, reason, actor }: Cause): Shipment {
  return {
    ...made,
    ...{ state: 'planned', tracking: undefined, reason, actor, version: 1, createdAtMs: nowMs, updatedAtMs: nowMs },
    ...{ delayedAtMs: undefined, silentAtMs: undefined, packedAtMs: undefined, shippedAtMs: undefined },
    ...{ deliveredAtMs: undefined, returnedAtMs: undefined, cancelledAtMs: undefined },
    numbers: numbers.map(number => newNumber(number, made.carrier, nowMs)),
  }
}

/** A number that nothing is known of yet. @param carrier of the shipment, unless the number has one */
export function newNumber(
  { number, carrier: own, role, url }: NewNumber,
  carrier: string | undefined,
  nowMs: number,
): TrackingNumber {
  const known = own ?? (role === 'main' ? carrier : undefined)
  return {
    ...{ number, carrier: known, role, url, check: checkNumber(number, known ?? '') },
    ...{ status: undefined, addedAtMs: nowMs },
  }
}

/** The units that the rids name: of items that are called alike the first that is free. */
function unitsOf(before: OrderShipments, items: readonly OrderItem[], rids: readonly string[]): ShipmentUnit[] {
  const taken = new Map(
    before.shipments.filter(isLive).flatMap(({ shipmentId, units }) => units.map(({ line }) => [line, shipmentId])),
  )
  const free = Map.groupBy(
    items.filter(({ line }) => !taken.has(line)),
    ({ rid }) => rid,
  )
  const named = Map.groupBy(items, ({ rid }) => rid)
  const violations: Violation[] = []
  const conflicts: string[] = []
  const units = rids.flatMap((rid, index): ShipmentUnit[] => {
    const of = named.get(rid)
    const item = free.get(rid)?.shift()
    if (item !== undefined) {
      const { line, chrtId } = item
      return [{ line, rid, chrtId, shippedFrom: undefined, wasReserved: false, returnedAtMs: undefined }]
    }
    const others = (of ?? []).flatMap(({ line }) => taken.get(line) ?? [])
    if (others.length > 0) conflicts.push(`${rid} is in ${others[0]}`)
    else
      violations.push({ pointer: `/rids/${index}`, detail: 'must be the rid of an item of the order, once for each' })
    return []
  })
  if (violations.length > 0) {
    throw new AppError('SHIPMENT_INVALID', 'the order does not have these units', { violations })
  }
  if (conflicts.length > 0)
    refuse('SHIPMENT_UNIT_TAKEN', `units are in another shipment: ${conflicts.slice(0, 5).join(', ')}`)
  return units.toSorted((a, b) => a.line - b.line)
}
