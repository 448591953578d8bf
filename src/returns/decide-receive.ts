import { nextVersion as nextOfShipment, type ShipmentChange } from '../deliveries/changes.ts'
import { move } from '../deliveries/decide-move.ts'
import { shipmentEvents } from '../deliveries/events.ts'
import type { Shipment } from '../deliveries/shipment.ts'
import { AppError, type Violation } from '../errors.ts'
import type { MovementEntry } from '../inventory/entry.ts'
import { type Cause, nextVersion, type OrderReturns, type ReturnDecision } from './changes.ts'
import { returnEvents } from './events.ts'
import { refuse, refuseState } from './refusal.ts'
import { isBack, isLive, isRefunding, type Return, type ReturnUnit, type UnitCondition } from './return.ts'

/** Units of a return come in. */

export type ReceivedUnit = Readonly<{
  rid: string
  condition: UnitCondition
  /** Where it is put; undefined: where it was taken from. */
  location: string | undefined
}>

/**
 * Receives units, some or all: what is sold again goes to the stock, what is damaged into quarantine there, and nothing is known of what is
 * missing. A unit that is received once more as it was changes nothing; one that was missing may arrive later. Pure.
 *
 * @param tracked the items that have stock
 * @throws AppError RETURN_STATE_REFUSED, RETURN_INVALID for units that the return does not have or that have no place, RETURN_UNIT_RECEIVED
 *   for one that has come in as something else, RETURN_UNIT_TAKEN for one that was missing and is in another return now
 */
export function decideReceive(
  before: OrderReturns,
  of: Return,
  received: readonly ReceivedUnit[],
  tracked: ReadonlySet<number>,
  cause: Cause,
): ReturnDecision {
  if (of.state !== 'approved' && of.state !== 'received' && of.state !== 'refunded') refuseState(of, 'received')
  const atMs = Math.max(cause.nowMs, of.updatedAtMs)
  const arrived = arrivalsOf(before, of, received, { tracked, atMs })
  if (arrived.size === 0) return undefined
  if (isRefunding(of.refund)) refuseState(of, 'received: its refund has begun')
  const units = of.units.map(unit => arrived.get(unit.line) ?? unit)
  const state = units.every(({ condition }) => condition !== undefined) ? 'received' : 'approved'
  const back = [...arrived.values()].filter(isBack)
  return {
    change: nextVersion(of, { state, units, receivedAtMs: atMs }, returnEvents.received, cause),
    shipments: shipmentsOf(before, back, { ...cause, nowMs: atMs }),
    entries: back.flatMap(unit => entryOf(of, unit, cause)),
  }
}

type Facts = Readonly<{ tracked: ReadonlySet<number>; atMs: number }>

/** The units that have come in and were not in before, by their lines. */
function arrivalsOf(
  before: OrderReturns,
  of: Return,
  received: readonly ReceivedUnit[],
  facts: Facts,
): ReadonlyMap<number, ReturnUnit> {
  const arrived = new Map<number, ReturnUnit>()
  const violations: Violation[] = []
  for (const [index, given] of received.entries()) {
    const named = of.units.filter(({ rid, line }) => rid === given.rid && !arrived.has(line))
    const open = named.find(({ condition }) => condition === undefined)
    const missing = given.condition === 'missing' ? undefined : named.find(({ condition }) => condition === 'missing')
    const unit = open ?? missing
    if (unit === undefined) {
      if (named.some(known => isSame(known, given))) continue
      if (named.length > 0) refuse('RETURN_UNIT_RECEIVED', `${given.rid} has come in as ${named[0]?.condition}`)
      violations.push({
        pointer: `/units/${index}/rid`,
        detail: 'must be the rid of a unit of the return, once for each',
      })
      continue
    }
    if (unit === missing) refuseTaken(before, of, unit)
    const placed = placedUnit(before, unit, given, facts)
    if (placed === undefined)
      violations.push({
        pointer: `/units/${index}/location`,
        detail: 'is required: nothing says where it was taken from',
      })
    else arrived.set(unit.line, placed)
  }
  if (violations.length > 0) throw new AppError('RETURN_INVALID', 'the return cannot take these units', { violations })
  return arrived
}

/** A unit that is said to be what it is known to be. */
function isSame(known: ReturnUnit, { condition, location }: ReceivedUnit): boolean {
  return known.condition === condition && (location === undefined || location === known.location)
}

/** A unit that was missing may be in another return meanwhile. */
function refuseTaken({ returns }: OrderReturns, of: Return, { line, rid }: ReturnUnit): void {
  const other = returns.find(one => one !== of && one.units.some(unit => unit.line === line && isLive(one, unit)))
  if (other !== undefined) refuse('RETURN_UNIT_TAKEN', `${rid} is in ${other.returnId}`)
}

/** The unit where it was put; undefined: its item has stock, and nobody has said at which location it is now. */
function placedUnit(
  { shipments: { shipments } }: OrderReturns,
  unit: ReturnUnit,
  { condition, location }: ReceivedUnit,
  { tracked, atMs }: Facts,
): ReturnUnit | undefined {
  if (condition === 'missing') return { ...unit, condition, location: undefined, isStocked: false, receivedAtMs: atMs }
  const shipment = shipments.find(({ shipmentId }) => shipmentId === unit.shipmentId)
  if (shipment?.state === 'cancelled')
    refuse('RETURN_UNIT_NOT_SHIPPED', `the shipment of ${unit.rid} was cancelled, and has put it back already`)
  const place = location ?? shipment?.units.find(({ line }) => line === unit.line)?.shippedFrom
  const isStocked = tracked.has(unit.chrtId)
  if (isStocked && place === undefined) return undefined
  return { ...unit, condition, location: place, isStocked, receivedAtMs: atMs }
}

/** The shipments of units that are back; one of which all are is returned. */
function shipmentsOf(
  { shipments: { shipments } }: OrderReturns,
  back: readonly ReturnUnit[],
  cause: Cause,
): ShipmentChange[] {
  const lines = new Set(back.map(({ line }) => line))
  const ids = new Set(back.map(({ shipmentId }) => shipmentId))
  return shipments.filter(({ shipmentId }) => ids.has(shipmentId)).map(shipment => changeOf(shipment, lines, cause))
}

function changeOf(shipment: Shipment, lines: ReadonlySet<number>, cause: Cause): ShipmentChange {
  const units = shipment.units.map(unit => (lines.has(unit.line) ? { ...unit, returnedAtMs: cause.nowMs } : unit))
  const areAllBack = units.every(({ returnedAtMs }) => returnedAtMs !== undefined)
  return areAllBack && shipment.state !== 'returned'
    ? move(shipment, 'returned', cause, { units })
    : nextOfShipment(shipment, { units }, shipmentEvents.updated, cause)
}

/** What the stock records of a unit that is back: once for its return. */
function entryOf(of: Return, unit: ReturnUnit, { reason, actor, traceparent }: Cause): MovementEntry[] {
  const { chrtId, location, isStocked, condition, line } = unit
  if (!isStocked || location === undefined) return []
  const inQuarantine = condition === 'damaged'
  const remarks = { reason, actor, externalId: movementIdOf(of, line), traceparent }
  return [{ type: 'movement', chrtId, location, kind: 'returned', quantity: 1, inQuarantine, ...remarks }]
}

/** What the movement of a unit is called. */
function movementIdOf({ returnId }: Return, line: number): string {
  return `${returnId}:${line}`
}
