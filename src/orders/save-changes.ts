import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { type Copy, copyInto } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
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
): Promise<readonly SavedChange[]> {
  if (changes.length === 0) return []
  const { saved, updates, transitions, events } = writesOf(changes, nowMs)
  await inOneRoundTrip(client, updates)
  await copyInto(client, [transitions, copyOfEvents(events)], notifyOfEvents)
  return saved
}

/** What saving changes of orders writes, for a transaction that writes other things with it. */
export type OrderWrites = Readonly<{
  /** The changes in their order. */
  saved: readonly SavedChange[]
  updates: readonly Statement<undefined>[]
  transitions: Copy
  events: readonly NewEvent[]
}>

/** Makes what `saveChanges` writes. Pure. */
export function writesOf(changes: readonly OrderChange[], nowMs: number): OrderWrites {
  const saved = changes.map(({ order, state, ...change }): SavedChange => {
    // Another instance's clock may be ahead. An order's times must not run backwards: retention cuts the log by them.
    const updatedAtMs = Math.max(nowMs, order.updatedAtMs)
    return { ...change, order: { ...order, state, version: order.version + 1, updatedAtMs }, from: order.state.status }
  })
  const transitions = saved.map(toTransition)
  const events = transitions.map((transition, index) => {
    const [change, after] = [changes[index] as OrderChange, saved[index] as SavedChange]
    return changeEvent(transition, after.order.state, change.order.state, change.traceparent)
  })
  const orders = saved.map(({ order }) => order)
  return { saved, updates: updateStates(orders), transitions: copyOfTransitions(transitions), events }
}

function toTransition({ order, from, command, reason, actor }: SavedChange): Transition {
  const { orderUid, version, state, updatedAtMs } = order
  return { orderUid, version, command, from, to: state.status, reason, actor, recordedAt: new Date(updatedAtMs) }
}
