import { copyOfEvents, notifyOfEvents } from '../events/append.ts'
import { copyInto } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { copyOfTransitions, type Transition, updateStates } from './command-queries.ts'
import type { OrderCommand } from './lifecycle.ts'
import type { OrderState, OrderStatus } from './order.ts'
import type { LockedOrder } from './order-locks.ts'
import { changeEvent } from './status-change.ts'

/** A change of an order's state that was decided on. */
export type OrderChange = Readonly<{
  /** The order before it. */
  order: LockedOrder
  /** The state after it. */
  state: OrderState
  command: OrderCommand
  /** Why, and by whom. */
  reason: string
  actor: string
  /** W3C Trace Context of what made it. */
  traceparent?: string | undefined
}>

/** A change that was written. */
export type SavedChange = Readonly<{
  /** The order after it. */
  order: LockedOrder
  from: OrderStatus
  command: OrderCommand
  reason: string
  actor: string
  traceparent?: string | undefined
}>

/**
 * Saves changes of orders in the transaction that has locked them, in two round trips: their rows, their history and their events.
 *
 * @param changes each of another order
 * @returns the changes in their order
 */
export async function saveChanges(
  client: PoolClient,
  changes: readonly OrderChange[],
  nowMs: number,
): Promise<SavedChange[]> {
  if (changes.length === 0) return []
  const saved = changes.map(({ order, state, ...change }): SavedChange => {
    // Another instance's clock may be ahead. An order's times must not run backwards: retention cuts the log by them.
    const updatedAtMs = Math.max(nowMs, order.updatedAtMs)
    return { ...change, order: { ...order, state, version: order.version + 1, updatedAtMs }, from: order.state.status }
  })
  await updateStates(
    client,
    saved.map(({ order }) => order),
  )
  const transitions = saved.map(toTransition)
  const events = transitions.map((transition, index) => {
    const [change, after] = [changes[index] as OrderChange, saved[index] as SavedChange]
    return changeEvent(transition, after.order.state, change.order.state.paymentStatus, change.traceparent)
  })
  await copyInto(client, [copyOfTransitions(transitions), copyOfEvents(events)], notifyOfEvents)
  return saved
}

function toTransition({ order, from, command, reason, actor }: SavedChange): Transition {
  const { orderUid, version, state, updatedAtMs } = order
  return { orderUid, version, command, from, to: state.status, reason, actor, recordedAt: new Date(updatedAtMs) }
}
