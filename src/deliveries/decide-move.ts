import {
  type LeavingDecision,
  type OrderStock,
  putBackUnits,
  type StockMoves,
  takeUnits,
} from '../inventory/order-stock.ts'
import type { OrderState, PaymentStatus } from '../orders/order.ts'
import { type Cause, nextVersion, type OrderShipments, type ShipmentChange, timeOfState } from './changes.ts'
import type { NewNumber } from './decide-create.ts'
import { withNumbers } from './decide-update.ts'
import { shipmentEvents } from './events.ts'
import { refuse, refuseState } from './refusal.ts'
import type { Shipment } from './shipment.ts'

/** Commands to shipments. Each is decided by values; the same again changes nothing. */

/** `undefined`: it is so already. */
export type MoveDecision = Readonly<{ change: ShipmentChange; stock?: StockMoves }> | undefined

/** Packs a shipment. @throws AppError SHIPMENT_STATE_REFUSED, SHIPMENT_ORDER_REFUSED */
export function decidePack({ order }: OrderShipments, shipment: Shipment, cause: Cause): MoveDecision {
  if (shipment.state === 'packed') return undefined
  if (shipment.state !== 'planned') refuseState(shipment, 'packed')
  if (order.state.status !== 'confirmed' && order.state.status !== 'pending')
    refuse('SHIPMENT_ORDER_REFUSED', `the order is ${order.state.status}`)
  return { change: move(shipment, 'packed', cause) }
}

/** The payment statuses in which the money is there, or is sure to come: what is paid on delivery counts as authorized. */
const covered: readonly PaymentStatus[] = ['authorized', 'paid', 'partially_refunded']

export type Shipping = Readonly<{
  stock: OrderStock
  /** Where it leaves from; the shipment's own location if left out. */
  location: string | undefined
  reallocate: boolean
  /** Whether what is not paid may be shipped. */
  shipUnpaid: boolean
  /** Who carries it, unless that is known, and further tracking numbers. */
  carrier?: string | undefined
  numbers?: readonly NewNumber[]
}>

/**
 * Ships a shipment: its units leave from where they are reserved.
 *
 * @throws AppError SHIPMENT_STATE_REFUSED, SHIPMENT_ORDER_REFUSED, SHIPMENT_UNPAID, STOCK_ELSEWHERE, STOCK_INSUFFICIENT
 */
export function decideShip(
  { order }: OrderShipments,
  shipment: Shipment,
  shipping: Shipping,
  cause: Cause,
): MoveDecision {
  if (shipment.state === 'shipped') return undefined
  if (shipment.state !== 'planned' && shipment.state !== 'packed') refuseState(shipment, 'shipped')
  checkOrder(order.state, shipping.shipUnpaid)
  const { orderUid, shipmentId, units } = shipment
  const { location = shipment.location, reallocate } = shipping
  const { reason, actor, nowMs } = cause
  const chrtIds = units.map(({ chrtId }) => chrtId)
  const leaving = { orderUid, shipmentId, chrtIds, location, reallocate, reason, actor }
  const taken = takeUnits(shipping.stock, leaving, nowMs)
  if (taken.kind !== 'taken') return refuseStock(taken, location)
  const shipped = units.map((unit, index) => {
    const { location: shippedFrom, wasReserved = false } = taken.units[index] ?? {}
    return { ...unit, shippedFrom, wasReserved }
  })
  const { carrier = shipment.carrier, numbers = [] } = shipping
  const changed = { units: shipped, location, carrier, numbers: withNumbers(shipment, numbers, carrier, nowMs) }
  return { change: move(shipment, 'shipped', cause, changed), stock: taken }
}

function checkOrder({ status, paymentStatus }: Readonly<OrderState>, shipUnpaid: boolean): void {
  if (!shipUnpaid && !covered.includes(paymentStatus) && (status === 'confirmed' || status === 'pending'))
    refuse('SHIPMENT_UNPAID', `the order is ${paymentStatus}, and what is not paid is not shipped`)
  if (status !== 'confirmed') refuse('SHIPMENT_ORDER_REFUSED', `the order is ${status}`)
}

function refuseStock(
  { kind, chrtId, locations }: Exclude<LeavingDecision, { kind: 'taken' }>,
  location: string | undefined,
): never {
  if (kind === 'missing')
    refuse(
      'STOCK_INSUFFICIENT',
      `there is too little of item ${chrtId}${location === undefined ? '' : ` at ${location}`}`,
    )
  refuse(
    'STOCK_ELSEWHERE',
    `item ${chrtId} is reserved at ${locations.join(', ')}; reallocate takes it from ${location}`,
  )
}

/** Records that a shipment has arrived. @throws AppError SHIPMENT_STATE_REFUSED */
export function decideDeliver(_: OrderShipments, shipment: Shipment, cause: Cause): MoveDecision {
  if (shipment.state === 'delivered') return undefined
  if (shipment.state !== 'shipped') refuseState(shipment, 'delivered')
  return { change: move(shipment, 'delivered', cause) }
}

/** Cancels a shipment that has not arrived: what had left goes back to where it was taken from. @throws AppError SHIPMENT_STATE_REFUSED */
export function decideCancel(
  { order }: OrderShipments,
  shipment: Shipment,
  stock: OrderStock,
  cause: Cause,
): MoveDecision {
  if (shipment.state === 'cancelled') return undefined
  const isOut = shipment.state === 'shipped'
  if (!isOut && shipment.state !== 'planned' && shipment.state !== 'packed') refuseState(shipment, 'cancelled')
  if (shipment.units.some(({ returnedAtMs }) => returnedAtMs !== undefined))
    refuse('SHIPMENT_STATE_REFUSED', 'units of the shipment have come back, and the others may still arrive')
  const change = move(shipment, 'cancelled', cause)
  if (!isOut) return { change }
  const { orderUid, shipmentId } = shipment
  const units = shipment.units.map(({ chrtId, shippedFrom, wasReserved }) => ({
    ...{ chrtId, taken: { location: shippedFrom, wasReserved } },
  }))
  const keeps = order.state.status === 'confirmed' || order.state.status === 'on_hold'
  const { reason, actor, nowMs } = cause
  return { change, stock: putBackUnits(stock, { orderUid, shipmentId, units, keeps, reason, actor }, nowMs) }
}

/** The change of a shipment that comes into a state. */
export function move(
  shipment: Shipment,
  state: Exclude<Shipment['state'], 'planned'>,
  cause: Cause,
  changed: Partial<
    Pick<Shipment, 'units' | 'location' | 'carrier' | 'numbers' | 'tracking' | 'estimatedDeliveryAtMs'>
  > = {},
): ShipmentChange {
  const event = state === 'returned' ? shipmentEvents.updated : shipmentEvents[state]
  const atMs = Math.max(cause.nowMs, shipment.updatedAtMs)
  return nextVersion(shipment, { ...changed, state, silentAtMs: undefined, ...timeOfState(state, atMs) }, event, cause)
}
