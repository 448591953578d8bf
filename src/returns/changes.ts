import type { OrderShipments, ShipmentChange } from '../deliveries/changes.ts'
import type { EventDefinition } from '../events/definition.ts'
import type { MovementEntry } from '../inventory/entry.ts'
import type { Return, ReturnState } from './return.ts'

/** What decisions on returns are made by, and what they come to. */

/** An order with its shipments and its returns, oldest first. */
export type OrderReturns = Readonly<{ shipments: OrderShipments; returns: readonly Return[] }>

/** Why something changes, when, and who does it. */
export type Cause = Readonly<{
  /** Milliseconds since 1970 by the clock of the database. */
  nowMs: number
  reason: string
  actor: string
  /** W3C Trace Context of what made it. */
  traceparent?: string | undefined
}>

/** A change of a return that was decided on. */
export type ReturnChange = Readonly<{
  /** Undefined: it is new. */
  before: Return | undefined
  after: Return
  /** Undefined: only its refund is on the way, which payments tell of. */
  event: EventDefinition | undefined
  traceparent?: string | undefined
}>

/** What was decided on a return, with what it does to shipments and stock; `undefined`: it is so already. */
export type ReturnDecision =
  | Readonly<{ change: ReturnChange; shipments?: readonly ShipmentChange[]; entries?: readonly MovementEntry[] }>
  | undefined

type Changed = Partial<Omit<Return, 'orderUid' | 'returnId' | 'version' | 'createdAtMs' | 'updatedAtMs'>>

/** The next version of a return. */
export function nextVersion(
  before: Return,
  changed: Changed,
  event: EventDefinition,
  { nowMs, reason, actor, traceparent }: Cause,
): ReturnChange {
  // The clock of another instance may be ahead: the times of a stream must not run backwards.
  const updatedAtMs = Math.max(nowMs, before.updatedAtMs)
  const after = { ...before, reason, actor, ...changed, version: before.version + 1, updatedAtMs }
  return { before, after, event, traceparent }
}

/** The same return with another state of its refund, which is no version of it. */
export function withRefund(before: Return, refund: Partial<Return['refund']>): ReturnChange {
  return { before, after: { ...before, refund: { ...before.refund, ...refund } }, event: undefined }
}

/** The time that a return in a state has: when it came into it. */
export function timeOfState(state: ReturnState, atMs: number): Changed {
  switch (state) {
    case 'requested':
      return {}
    case 'approved':
      return { approvedAtMs: atMs }
    case 'received':
      return { receivedAtMs: atMs }
    case 'refunded':
      return { refundedAtMs: atMs }
    case 'rejected':
      return { rejectedAtMs: atMs }
    case 'cancelled':
      return { cancelledAtMs: atMs }
  }
}
