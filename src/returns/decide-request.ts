import type { OrderItem } from '../deliveries/order-items.ts'
import type { ShipmentUnit } from '../deliveries/shipment.ts'
import { AppError, type Violation } from '../errors.ts'
import type { Cause, OrderReturns, ReturnChange } from './changes.ts'
import { returnEvents } from './events.ts'
import { refuse } from './refusal.ts'
import type { Paid } from './refund-amount.ts'
import { isLive, noRefund, type Return, type ReturnUnit } from './return.ts'

/** What is asked for with a new return. */
export type NewReturn = Readonly<{
  returnId: string
  /** One for each unit: an order may name two items alike. */
  rids: readonly string[]
}>

/** What the order's document says of its units. */
export type Document = Readonly<{ items: readonly OrderItem[]; paid: Paid }>

/**
 * Decides on a new return: of units that have left, and that are in no other return. Pure.
 *
 * @throws AppError RETURN_INVALID for units that the order does not have, RETURN_UNIT_NOT_SHIPPED, RETURN_UNIT_TAKEN
 */
export function decideRequest(
  before: OrderReturns,
  { items, paid }: Document,
  { returnId, rids }: NewReturn,
  { nowMs, reason, actor, traceparent }: Cause,
): ReturnChange {
  const { order } = before.shipments
  const after: Return = {
    ...{ orderUid: order.orderUid, returnId, state: 'requested', currency: order.currency, refund: noRefund },
    ...{ reason, actor, version: 1, createdAtMs: nowMs, updatedAtMs: nowMs },
    ...{ approvedAtMs: undefined, receivedAtMs: undefined, refundedAtMs: undefined },
    ...{ rejectedAtMs: undefined, cancelledAtMs: undefined },
    units: unitsOf(before, items, paid, rids),
  }
  return { before: undefined, after, event: returnEvents.requested, traceparent }
}

/** The units that the rids name: of items that are called alike the first that can be returned. */
function unitsOf(before: OrderReturns, items: readonly OrderItem[], paid: Paid, rids: readonly string[]): ReturnUnit[] {
  const shipped = shippedUnits(before)
  const taken = takenUnits(before)
  const named = Map.groupBy(items, ({ rid }) => rid)
  const free = Map.groupBy(
    items.filter(({ line }) => shipped.has(line) && !taken.has(line)),
    ({ rid }) => rid,
  )
  const violations: Violation[] = []
  const inOthers: string[] = []
  const notShipped: string[] = []
  const units = rids.flatMap((rid, index): ReturnUnit[] => {
    const item = free.get(rid)?.shift()
    const shipmentId = item && shipped.get(item.line)
    if (item !== undefined && shipmentId !== undefined) return [unitOf(item, shipmentId, paid)]
    const lines = (named.get(rid) ?? []).map(({ line }) => line)
    const other = lines.find(line => taken.has(line))
    if (other !== undefined) inOthers.push(`${rid} is in ${taken.get(other)}`)
    else if (lines.length > rids.slice(0, index).filter(before => before === rid).length) notShipped.push(rid)
    else
      violations.push({ pointer: `/rids/${index}`, detail: 'must be the rid of an item of the order, once for each' })
    return []
  })
  if (violations.length > 0) throw new AppError('RETURN_INVALID', 'the order does not have these units', { violations })
  if (inOthers.length > 0)
    refuse('RETURN_UNIT_TAKEN', `units are in another return: ${inOthers.slice(0, 5).join(', ')}`)
  if (notShipped.length > 0)
    refuse('RETURN_UNIT_NOT_SHIPPED', `units have not left, or are back already: ${notShipped.slice(0, 5).join(', ')}`)
  return units.toSorted((a, b) => a.line - b.line)
}

function unitOf({ line, rid, chrtId }: OrderItem, shipmentId: string, paid: Paid): ReturnUnit {
  const nothing = { condition: undefined, location: undefined, isStocked: false, receivedAtMs: undefined }
  return { line, rid, chrtId, shipmentId, amount: paid.units[line] ?? 0, ...nothing }
}

const isOut = ({ returnedAtMs }: ShipmentUnit) => returnedAtMs === undefined

/** The shipments of the units that have left and are not back, by their lines. */
function shippedUnits({ shipments: { shipments } }: OrderReturns): ReadonlyMap<number, string> {
  const left = shipments.filter(({ state }) => state === 'shipped' || state === 'delivered' || state === 'returned')
  return new Map(
    left.flatMap(({ shipmentId, units }) => units.filter(isOut).map(({ line }) => [line, shipmentId] as const)),
  )
}

/** The returns of the units that are in one, by their lines. */
function takenUnits({ returns }: OrderReturns): ReadonlyMap<number, string> {
  return new Map(
    returns.flatMap(of => of.units.filter(unit => isLive(of, unit)).map(({ line }) => [line, of.returnId] as const)),
  )
}
