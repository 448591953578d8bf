import { normalizeNumber } from '../tracking/checkpoint.ts'
import type { ParcelChange, ParcelState } from '../tracking/tracking-part.ts'
import type { TrackingStatus } from '../tracking/tracking-status.ts'
import { nextVersion, type OrderShipments, type ShipmentChange, withChanges } from './changes.ts'
import { move } from './decide-move.ts'
import { shipmentEvents } from './events.ts'
import type { DecidedOrder } from './save.ts'
import type { Shipment, TrackingNumber } from './shipment.ts'

/** Who changes shipments when a carrier is not named. */
const carrierActor = 'carrier'

/**
 * Decides what becomes of a shipment whose parcels have news. A shipment that is not to arrive any more stays as it is. Pure.
 *
 * @param news in the order in which they are to be taken
 * @returns undefined when nothing is new for it
 */
export function decideNews(
  shipment: Shipment,
  news: readonly ParcelChange[],
  nowMs: number,
): ShipmentChange | undefined {
  if (shipment.state === 'cancelled' || shipment.state === 'returned') return undefined
  const after = news.reduce(withOne, shipment)
  const last = news.at(-1)
  const { numbers, tracking, estimatedDeliveryAtMs } = after
  const isNew =
    tracking !== shipment.tracking ||
    estimatedDeliveryAtMs !== shipment.estimatedDeliveryAtMs ||
    numbers.some(({ status }, index) => status !== shipment.numbers[index]?.status)
  if (last === undefined || !isNew) return undefined
  const actor = last.carrier === '' ? carrierActor : last.carrier
  const cause = { nowMs, reason: last.after.reason, actor, traceparent: last.traceparent }
  const changed = { numbers, tracking, estimatedDeliveryAtMs }
  if (shipment.state === 'shipped' && tracking === 'delivered') return move(shipment, 'delivered', cause, changed)
  const atMs = Math.max(nowMs, shipment.updatedAtMs)
  const isSilent = shipment.state === 'shipped' && tracking === 'expired'
  const silentAtMs = isSilent ? (shipment.silentAtMs ?? atMs) : undefined
  return nextVersion(shipment, { ...changed, silentAtMs }, shipmentEvents.updated, cause)
}

/** Whether a shipment that leaves has arrived already: carriers may report it before it is said to have left. */
function hasArrived({ state, tracking }: Shipment): boolean {
  return state === 'shipped' && tracking === 'delivered'
}

function withOne(shipment: Shipment, { number, before, after }: ParcelChange): Shipment {
  const status = statusOf(after)
  const isIt = (one: TrackingNumber) => normalizeNumber(one.number) === number
  const numbers = shipment.numbers.map(one => (isIt(one) ? { ...one, status } : one))
  const isOfTheWayThere = numbers.some(one => isIt(one) && one.role !== 'return')
  // What somebody has said of the arrival stays until the carrier says something new.
  const isEstimated =
    after.estimatedDeliveryAtMs !== undefined && after.estimatedDeliveryAtMs !== before.estimatedDeliveryAtMs
  return {
    ...shipment,
    numbers,
    tracking: isOfTheWayThere ? trackingOf(numbers, status, shipment.tracking) : shipment.tracking,
    estimatedDeliveryAtMs: isEstimated ? after.estimatedDeliveryAtMs : shipment.estimatedDeliveryAtMs,
  }
}

/** A parcel that was on its way back is delivered to its sender. */
function statusOf({ status, isReturning }: ParcelState): TrackingStatus {
  return isReturning && status === 'delivered' ? 'return_to_sender' : status
}

/**
 * What is said of a shipment by its parcels: `delivered` when each has arrived, or the last carrier has brought it; otherwise the newest of
 * those under way. Numbers of the way back say nothing of the way there.
 *
 * @param newest what was just said of one of them
 * @param before what was said of the shipment
 */
function trackingOf(
  numbers: readonly TrackingNumber[],
  newest: TrackingStatus,
  before: TrackingStatus | undefined,
): TrackingStatus | undefined {
  const there = numbers.filter(({ role }) => role !== 'return')
  const mains = there.filter(({ role }) => role === 'main')
  const isBrought = there.some(({ role, status }) => role === 'last_mile' && status === 'delivered')
  if (isBrought || (mains.length > 0 && mains.every(({ status }) => status === 'delivered'))) return 'delivered'
  const others = there.flatMap(({ status }) => (status === undefined || status === 'delivered' ? [] : status))
  return others.find(status => status === newest) ?? others[0] ?? before
}

/** What becomes of an order's shipments when carriers report: one change for each of them. */
export function newsOf(
  { shipments }: Pick<OrderShipments, 'shipments'>,
  changes: readonly ParcelChange[],
  nowMs: number,
): ShipmentChange[] {
  return [...Map.groupBy(changes, ({ shipmentId }) => shipmentId)].flatMap(([shipmentId, news]) => {
    const shipment = shipments.find(one => one.shipmentId === shipmentId)
    return (shipment && decideNews(shipment, news, nowMs)) ?? []
  })
}

/** A decision with what carriers have said already of the parcels in it. */
export function withNews(
  { before, changes }: DecidedOrder,
  news: readonly ParcelChange[],
  nowMs: number,
): DecidedOrder {
  const own = news.filter(({ orderUid }) => orderUid === before.order.orderUid)
  if (own.length === 0) return { before, changes }
  return { before, changes: [...changes, ...newsOf(withChanges(before, changes), own, nowMs)] }
}

/** What leaves although the carrier has said before that it has arrived. */
export function withArrivals({ before, changes }: DecidedOrder, nowMs: number): DecidedOrder {
  const last = new Map(changes.map(({ after }) => [after.shipmentId, after]))
  const arrived = [...last.values()]
    .filter(hasArrived)
    .map(shipment => move(shipment, 'delivered', { nowMs, reason: '', actor: shipment.carrier ?? 'carrier' }))
  return { before, changes: [...changes, ...arrived] }
}
