import { decideCommand } from './lifecycle.ts'
import type { DeliveryStatus, OrderState } from './order.ts'
import type { LockedOrder } from './order-locks.ts'
import { type OrderChange, type OrderWrites, writesOf } from './save-changes.ts'

/** What shipments and returns do to their order. It is derived from its units, so it goes in any direction. */

/** What becomes of an order whose shipments have changed. */
export type DeliveryStatusChange = Readonly<{
  order: LockedOrder
  deliveryStatus: DeliveryStatus
  /** Whether it is completed with it, if it is confirmed. */
  complete: boolean
  /** Why, and by whom. */
  reason: string
  actor: string
  /** W3C Trace Context of what made it. */
  traceparent?: string | undefined
}>

/**
 * Changes what is delivered of orders, and completes those of which nothing is left to do: the row, the history and the event of each. An
 * order that is changed in neither way is left as it is. Pure: the transaction that has locked them writes it with its own.
 *
 * @param changes each of another order
 * @param nowMs milliseconds since 1970 by the clock of the database
 * @returns what is written; other modules are told of `saved` where it completes the order, behind these rows and events
 */
export function changeDeliveryStatus(changes: readonly DeliveryStatusChange[], nowMs: number): OrderWrites {
  return writesOf(
    changes.flatMap(change => decide(change) ?? []),
    nowMs,
  )
}

function decide({ order, deliveryStatus, complete, ...why }: DeliveryStatusChange): OrderChange | undefined {
  const state: OrderState = { ...order.state, deliveryStatus }
  if (complete && state.status === 'confirmed') {
    const decision = decideCommand(state, 'complete')
    if (decision.kind === 'changed') return { ...why, order, state: decision.state, command: 'complete' }
  }
  return deliveryStatus === order.state.deliveryStatus ? undefined : { ...why, order, state, command: 'deliver' }
}
