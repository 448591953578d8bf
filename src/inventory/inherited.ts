import type { NewOrder, ValidOrder } from '../orders/new-order.ts'
import { DecisionChangedError } from '../orders/placement-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import { type CartTake, handOver, heldByCarts, type HeldByCarts } from './cart-reservation-queries.ts'
import { releaseCartTakes } from './cart-reservations.ts'
import type { Wanting } from './demand.ts'
import { cartOrderPrefix, cartReleases } from './reservation.ts'

/** What orders take over of their carts, which have reserved it with RESERVE_ON=cart, or did before that was changed. */

/** The statement that reads what carts hold for orders; none for a group without orders of carts. */
export function findingInherited(orders: readonly NewOrder[]): [] | [Statement<HeldByCarts>] {
  const orderUids = orders.map(({ order }) => order.orderUid).filter(uid => uid.startsWith(cartOrderPrefix))
  return orderUids.length === 0 ? [] : [heldByCarts(orderUids)]
}

/**
 * Gives back what carts hold in other quantities than their orders want. Where the service keeps to RESERVE_ON=cart there is none.
 *
 * @returns whether there was some: what is available has changed then
 */
export async function releaseUnwanted(
  client: PoolClient,
  wanting: readonly Wanting[],
  held: HeldByCarts,
  lowStockDefault: number,
): Promise<boolean> {
  if (held.size === 0) return false
  const unwanted = wanting.flatMap(({ order, demand }) => {
    const takes = held.get(order.order.orderUid) ?? []
    const units = unitsOf(takes)
    return takes.filter(({ chrtId }) => units.get(chrtId) !== demand.units.get(chrtId))
  })
  const nowMs = wanting[0]?.order.placedAt.getTime() ?? 0
  await releaseCartTakes(client, unwanted, cartReleases.replaced, { nowMs, lowStockDefault })
  return unwanted.length > 0
}

/** What an order wants beside what it takes over; undefined when that is all. */
export function withoutInherited({ order, demand }: Wanting, held: HeldByCarts): Wanting | undefined {
  const takes = held.get(order.order.orderUid)
  if (takes === undefined) return { order, demand }
  const kept = unitsOf(takes)
  const units = new Map([...demand.units].filter(([chrtId]) => !kept.has(chrtId)))
  return units.size === 0 ? undefined : { order, demand: { ...demand, units } }
}

function unitsOf(takes: readonly CartTake[]): Map<number, number> {
  const units = new Map<number, number>()
  for (const { chrtId, quantity } of takes) units.set(chrtId, (units.get(chrtId) ?? 0) + quantity)
  return units
}

/**
 * Has the orders that are placed take over what their carts hold, for as long as an order may.
 *
 * @param inheritedBy how many reservations an order takes over
 * @throws DecisionChangedError when a cart does not hold it any more
 */
export async function inherit(
  client: PoolClient,
  placed: readonly NewOrder[],
  inheritedBy: (order: ValidOrder) => number,
  heldMs: number,
): Promise<void> {
  const heirs = placed.filter(({ order }) => inheritedBy(order) > 0)
  for (const [isPending, orders] of Map.groupBy(heirs, ({ state }) => state.status === 'pending')) {
    const nowMs = Math.max(...orders.map(({ placedAt }) => placedAt.getTime()))
    const count = await handOver(
      client,
      orders.map(({ order }) => order.orderUid),
      { nowMs, expiresAtMs: isPending ? nowMs + heldMs : undefined },
    )
    if (count !== orders.reduce((sum, { order }) => sum + inheritedBy(order), 0)) throw new DecisionChangedError()
  }
}
