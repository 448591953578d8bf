import type { NumberCheck } from '../tracking/check-digits.ts'
import type { TrackingStatus } from '../tracking/tracking-status.ts'

/** Shipments: units of an order that go out together. */

export const shipmentStates = ['planned', 'packed', 'shipped', 'delivered', 'returned', 'cancelled'] as const
export type ShipmentState = (typeof shipmentStates)[number]

/** What a number is of: the parcel, the carrier that takes it the last mile, or its way back. */
export const numberRoles = ['main', 'last_mile', 'return'] as const
export type NumberRole = (typeof numberRoles)[number]

/** What the check digit of a number says; `unknown`: no rule is known for it. */
export const numberChecks = ['valid', 'invalid', 'unknown'] as const satisfies readonly NumberCheck[]

/** A number that a carrier knows a parcel by. */
export type TrackingNumber = Readonly<{
  number: string
  /** Undefined: nobody has said. */
  carrier: string | undefined
  role: NumberRole
  /** Where the customer can follow it. */
  url: string | undefined
  check: NumberCheck
  /** What the carrier last said of this parcel; undefined: nothing yet. */
  status: TrackingStatus | undefined
  /** Milliseconds since 1970, like all times here. */
  addedAtMs: number
}>

/** A unit of an order in a shipment. */
export type ShipmentUnit = Readonly<{
  /** The place of its item in the order's document, from 0. An order may name two items alike. */
  line: number
  rid: string
  chrtId: number
  /** The location whose stock it was taken from; undefined: it has not left, or its item is not tracked. */
  shippedFrom: string | undefined
  /** Whether what was taken was reserved for the order. */
  wasReserved: boolean
  /** When it came back. */
  returnedAtMs: number | undefined
}>

export type Shipment = Readonly<{
  orderUid: string
  shipmentId: string
  state: ShipmentState
  /** Where its units leave from; undefined: where they are reserved. */
  location: string | undefined
  carrier: string | undefined
  /** What the carrier last said of it; undefined: nothing yet. */
  tracking: TrackingStatus | undefined
  /** By when the customer was promised to have it. */
  promisedByMs: number | undefined
  /** When it is expected to arrive. */
  estimatedDeliveryAtMs: number | undefined
  /** When it was noticed that the promise is not kept. */
  delayedAtMs: number | undefined
  /** When it was noticed that the carrier says nothing more; undefined when it does. */
  silentAtMs: number | undefined
  /** Why it last changed, and who did it. */
  reason: string
  actor: string
  /** The sequence of its last event. */
  version: number
  createdAtMs: number
  packedAtMs: number | undefined
  shippedAtMs: number | undefined
  deliveredAtMs: number | undefined
  returnedAtMs: number | undefined
  cancelledAtMs: number | undefined
  updatedAtMs: number
  /** In the order of their lines. */
  units: readonly ShipmentUnit[]
  /** In the order in which they were added. */
  numbers: readonly TrackingNumber[]
}>

/** The states in which a shipment has not arrived. */
export const openStates = ['planned', 'packed', 'shipped'] as const satisfies readonly ShipmentState[]

/** Whether the units of a shipment can be in no other one. */
export function isLive({ state }: Pick<Shipment, 'state'>): boolean {
  return state !== 'cancelled'
}

/** Whether it has not arrived by the time that was promised. */
export function isLate({ state, promisedByMs }: Pick<Shipment, 'state' | 'promisedByMs'>, nowMs: number): boolean {
  return promisedByMs !== undefined && promisedByMs < nowMs && openStates.some(open => open === state)
}

/** Whether nothing was heard of it for so long that somebody has to ask the carrier. */
export function isSilent({ silentAtMs }: Pick<Shipment, 'silentAtMs'>): boolean {
  return silentAtMs !== undefined
}
