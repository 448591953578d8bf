import type { PoolClient } from '../platform/postgres.ts'
import type { Take } from './allocation.ts'
import { changeOf, type Movement, type MovementKind } from './movement.ts'
import { inventoryActor } from './reservation.ts'
import { type ApplyOptions, applyMovements } from './stock-queries.ts'

/** Units that an order takes or gives back. */
export type OrderTakes = Readonly<{ orderUid: string; takes: readonly Take[] }>

/**
 * Reserves the stock that was allocated to orders. The transaction holds the locks of the items.
 *
 * @param options stocks: those that it was allocated from, read under the locks
 * @throws Error when the stock is not there: the allocation is wrong
 */
export function reserveStock(client: PoolClient, orders: readonly OrderTakes[], options: ApplyOptions): Promise<void> {
  return move(client, 'reserved', orders, '', options)
}

/** Gives reserved stock back. @param reason why, for the movements */
export function releaseStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  return move(client, 'released', orders, reason, options)
}

/** Takes reserved stock off the shelves: it has left. */
export function shipStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  return move(client, 'shipped', orders, reason, options)
}

async function move(
  client: PoolClient,
  kind: MovementKind,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  const movements = orders.flatMap(({ orderUid, takes }) =>
    takes.map(({ chrtId, location, quantity }): Movement => {
      return {
        chrtId,
        location,
        kind,
        quantity,
        change: changeOf(kind, quantity),
        reason,
        actor: inventoryActor,
        orderUid,
      }
    }),
  )
  if (movements.length === 0) return
  const result = await applyMovements(client, movements, options)
  if (result.kind === 'applied') return
  const { chrtId, location, quantity } = result.movement
  throw new Error(
    `the stock of ${chrtId} at ${location} does not allow that ${quantity} are ${kind}: ${result.refusal.why}`,
  )
}
