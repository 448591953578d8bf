import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { type CartDemand, planCarts } from './cart-plan.ts'
import {
  type CartTake,
  deleteCartTakes,
  findDueTakes,
  findExpiringCarts,
  findHeldByCarts,
  lockFreeCarts,
  saveCartTakes,
} from './cart-reservation-queries.ts'
import { lockItems } from './item-locks.ts'
import { cartReleases } from './reservation.ts'
import { releaseStock, reserveStock } from './reserve.ts'
import { readPlaces, shelvesOf } from './shelves.ts'
import type { Stock } from './stock.ts'
import { readStock } from './stock-queries.ts'

/** What carts reserve before they are checked out, with RESERVE_ON=cart. */

export type CartRules = Readonly<{
  /** How long after its last change a cart keeps what it has reserved, and after it was reserved at most, in milliseconds. */
  heldMs: number
  heldMaxMs: number
  lowStockDefault: number
}>

/**
 * Reserves what carts want from now on, and gives back what they do not want any more. What there is too little for is not reserved, and
 * items that are not tracked are not either.
 *
 * The transaction holds the locks of the carts. Those of the items are taken here, and held until it ends: nothing long should follow.
 */
export async function reserveForCarts(
  client: PoolClient,
  demands: readonly CartDemand[],
  nowMs: number,
  { heldMs, heldMaxMs, lowStockDefault }: CartRules,
): Promise<void> {
  const held = await findHeldByCarts(
    client,
    demands.map(({ orderUid }) => orderUid),
  )
  const chrtIds = itemsOf([...held.values()].flat(), demands)
  if (chrtIds.length === 0) return
  await lockItems(client, chrtIds)
  const stocks = await readStock(client, chrtIds)
  if (stocks.length === 0) return
  const shelves = shelvesOf(stocks, await readPlaces(client))
  const moves = planCarts(demands, held, shelves)
  const given = moves.flatMap(({ demand, given }) => given.map(take => takeOf(demand, take)))
  await giveBack(client, given, cartReleases.changed, { stocks, nowMs, lowStockDefault })
  const taken = moves.flatMap(({ demand: { orderUid }, taken: takes }) => (takes.length > 0 ? { orderUid, takes } : []))
  await reserveStock(client, taken, { shelves, nowMs, lowStockDefault })
  const saved = moves.flatMap(({ demand, kept, taken }) => [...kept, ...taken].map(take => takeOf(demand, take)))
  if (saved.length > 0) await saveCartTakes(client, saved, { nowMs, heldMs, heldMaxMs })
}

function itemsOf(held: readonly CartTake[], demands: readonly CartDemand[]): number[] {
  return [...new Set([...held.map(({ chrtId }) => chrtId), ...demands.flatMap(({ units }) => [...units.keys()])])]
}

function takeOf(
  { orderUid, cartId }: CartDemand,
  { chrtId, location, quantity }: Pick<CartTake, 'chrtId' | 'location' | 'quantity'>,
): CartTake {
  return { orderUid, cartId, chrtId, location, quantity }
}

async function giveBack(
  client: PoolClient,
  takes: readonly CartTake[],
  reason: string,
  options: Readonly<{ stocks: readonly Stock[]; nowMs: number; lowStockDefault: number }>,
): Promise<void> {
  if (takes.length === 0) return
  const byOrder = [...Map.groupBy(takes, ({ orderUid }) => orderUid)]
  await releaseStock(
    client,
    byOrder.map(([orderUid, takes]) => ({ orderUid, takes })),
    reason,
    options,
  )
  await deleteCartTakes(client, takes)
}

/** Gives back what carts hold, in a transaction that has locked them. @param reason why, for the movements */
export async function releaseCartTakes(
  client: PoolClient,
  takes: readonly CartTake[],
  reason: string,
  { nowMs, lowStockDefault }: Readonly<{ nowMs: number; lowStockDefault: number }>,
): Promise<void> {
  if (takes.length === 0) return
  const chrtIds = itemsOf(takes, [])
  await lockItems(client, chrtIds)
  await giveBack(client, takes, reason, { stocks: await readStock(client, chrtIds), nowMs, lowStockDefault })
}

/** Carts of one transaction: few, so that no lock is held for long. */
const cartsMax = 100

/**
 * Gives back what carts have reserved for too long, in one portion. The carts stay as they are: their next change reserves again. One that
 * is being changed is left to the next time.
 *
 * @returns how many carts had some, and how many were looked at
 */
export async function expireCarts({
  pool,
  now,
  lowStockDefault,
}: Readonly<{ pool: Pool; now: () => number; lowStockDefault: number }>): Promise<{ expired: number; looked: number }> {
  const due = await findExpiringCarts(pool, { nowMs: now(), cartsMax })
  if (due.length === 0) return { expired: 0, looked: 0 }
  const expired = await inTransaction(pool, async client => {
    const free = await lockFreeCarts(
      client,
      due.map(({ cartId }) => cartId),
    )
    const nowMs = now()
    const orderUids = due.filter(({ cartId }) => free.has(cartId)).map(({ orderUid }) => orderUid)
    const takes = await findDueTakes(client, orderUids, nowMs)
    await releaseCartTakes(client, takes, cartReleases.expired, { nowMs, lowStockDefault })
    return new Set(takes.map(({ orderUid }) => orderUid)).size
  })
  return { expired, looked: due.length }
}
