import { isDeepStrictEqual } from 'node:util'
import type { Violation } from '../errors.ts'
import { initialState } from './order.ts'
import type { NewOrder } from './queries.ts'
import type { ValidOrder } from './validate.ts'

/** What became of an order that was submitted. */
export type Outcome =
  | { kind: 'placed' }
  /** The same order is stored already. */
  | { kind: 'duplicate' }
  /** Another order is stored under this uid. */
  | { kind: 'conflict' }
  /** It breaks a rule that is newer than orders may be, and none is stored that it could be the same as. */
  | { kind: 'invalid'; violations: readonly Violation[] }
  /** The database will never take this order. */
  | { kind: 'refused'; error: unknown }

/** The error that an outcome is for its sender; undefined when the order is stored. */
export function errorOf(outcome: Outcome): 'ORDER_CONFLICT' | 'ORDER_INVALID' | 'ORDER_REFUSED_BY_STORE' | undefined {
  if (outcome.kind === 'invalid') return 'ORDER_INVALID'
  if (outcome.kind === 'conflict') return 'ORDER_CONFLICT'
  return outcome.kind === 'refused' ? 'ORDER_REFUSED_BY_STORE' : undefined
}

/**
 * What becomes of each order of a group, given what is stored. Pure. Of several that share a uid the first is placed and
 * the others are measured by it.
 *
 * @param stored document by uid
 * @returns the orders to write, sorted by uid so that two instances lock them in the same order; and an outcome for each
 *   of the group, true once `fresh` is committed
 */
export function decide(
  group: readonly { order: ValidOrder }[],
  stored: ReadonlyMap<string, string>,
  nowMs: number,
): { fresh: NewOrder[]; outcomes: Outcome[] } {
  const placedAt = new Date(nowMs)
  const fresh = new Map<string, NewOrder>()
  const outcomes = group.map(({ order }): Outcome => {
    const known = stored.get(order.orderUid) ?? fresh.get(order.orderUid)?.order.json
    if (known !== undefined && isSameJson(known, order.json)) return duplicate
    if (order.newViolations !== undefined) return { kind: 'invalid', violations: order.newViolations }
    if (known !== undefined) return conflict
    fresh.set(order.orderUid, { order, state: initialState(order.isPaid), placedAt })
    return placed
  })
  const sorted = [...fresh.values()].sort((a, b) => (a.order.orderUid < b.order.orderUid ? -1 : 1))
  return { fresh: sorted, outcomes }
}

const placed: Outcome = { kind: 'placed' }
const duplicate: Outcome = { kind: 'duplicate' }
const conflict: Outcome = { kind: 'conflict' }

/** Whether two compact JSON texts say the same, whatever the order of their fields. */
function isSameJson(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other))
}
