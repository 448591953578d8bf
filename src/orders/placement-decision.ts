import type { PoolClient } from '../platform/postgres.ts'
import { decideCommand } from './lifecycle.ts'
import type { Placement, Rejection } from './placement.ts'
import type { PlacementDecision, PlacementPart } from './placement-part.ts'
import type { NewOrder } from './new-order.ts'
import { findStored } from './queries.ts'

/**
 * Asks every part that decides, in its open transaction.
 *
 * Parts are asked in turn, each for the orders that nothing has rejected so far. What an earlier part changed for an order that
 * a later one rejects must not stay: then the transaction is begun again, and that order is left out.
 *
 * @param orders sorted by uid
 * @param isCertain whether the decisions must hold until the commit
 */
export async function decidePlacement(
  client: PoolClient,
  parts: readonly PlacementPart[],
  orders: readonly NewOrder[],
  isCertain: boolean,
): Promise<Placement> {
  const rejected = new Map<string, Rejection>()
  let open = orders
  for (let index = 0, decided = 0; index < parts.length && open.length > 0; index += 1) {
    const part = parts[index]
    if (part?.decide === undefined || part.concerns?.(open) === false) continue
    const decisions = await part.decide(client, open, isCertain)
    const accepted = apply(open, decisions, rejected)
    if (accepted.length < open.length && decided > 0) {
      await client.query('rollback; begin isolation level read committed')
      open = orders.filter(({ order }) => !rejected.has(order.orderUid))
      index = -1
      decided = 0
      continue
    }
    open = accepted
    decided += 1
  }
  // An instance that has placed the same order meanwhile may have been the reason that this one was rejected.
  const stored = rejected.size === 0 ? none : await findStored(client, [...rejected.keys()])
  return { placed: open, rejected, stored }
}

const none: ReadonlyMap<string, never> = new Map<string, never>()

/** The orders as they were decided on, without those that are rejected, which are added to `rejected`. */
function apply(
  orders: readonly NewOrder[],
  decisions: readonly PlacementDecision[],
  rejected: Map<string, Rejection>,
): readonly NewOrder[] {
  if (decisions.length !== orders.length) {
    throw new RangeError(`a part decided on ${decisions.length} orders of ${orders.length}`)
  }
  if (decisions.every(({ kind }) => kind === 'accepted')) return orders
  return orders.flatMap((order, index) => {
    const decision = decisions[index]
    if (decision?.kind === 'rejected') {
      rejected.set(order.order.orderUid, decision)
      return []
    }
    return decision?.kind === 'held' ? [heldOf(order, decision)] : [order]
  })
}

function heldOf(order: NewOrder, { reason, actor }: { reason: string; actor: string }): NewOrder {
  const decision = decideCommand(order.state, 'hold')
  if (decision.kind === 'refused') throw new TypeError(`an order that is ${decision.from} cannot be put on hold`)
  return decision.kind === 'changed' ? { ...order, state: decision.state, hold: { reason, actor } } : order
}
