import type { Context, Running } from '../module.ts'
import { ordersApi } from '../orders/module.ts'
import type { PlacementPart } from '../orders/placement-part.ts'
import { runAllocation } from './allocation-worker.ts'
import { followOrders } from './order-changes.ts'
import { reservationsPart } from './placement.ts'
import { runReservationExpiry } from './reservation-expiry.ts'
import { createReservationMetrics } from './reservation-metrics.ts'
import { reservationMaxMs, reservationMs, untrackedItems } from './reservation-variables.ts'
import { stockLow } from './variables.ts'

/** The reservations as a part of the module: taken with the placement, followed, and given back. */

/** What orders take with their placement. */
export function placementOf({ value, registry, pool }: Context): PlacementPart[] {
  const metrics = createReservationMetrics(registry, pool)
  const rules = {
    untracked: value(untrackedItems),
    heldMs: value(reservationMs),
    lowStockDefault: value(stockLow),
  }
  return [reservationsPart({ rules, onShort: metrics.short })]
}

/** What runs for reservations. */
export function runningReservations(context: Context): Pick<Required<Running>, 'statusChanges' | 'workers'> {
  const { pool, now, isClockRight, running, value, log } = context
  const { cache } = ordersApi.of(context)
  const rules = { lowStockDefault: value(stockLow) }
  const own = followOrders(rules)
  const parts = () => running().flatMap(({ statusChanges = [] }) => statusChanges.filter(part => part !== own))
  const allocation = { pool, now, onChanged: cache.forget, parts, log, ...rules }
  const findOpen: Parameters<typeof runReservationExpiry>[0]['findOpen'] = async (client, orderUids) => {
    const open = new Set<string>()
    for (const { findUnderPayment } of running()) {
      for (const orderUid of (await findUnderPayment?.(client, orderUids)) ?? []) open.add(orderUid)
    }
    return open
  }
  const expiry = { pool, now, isClockRight, heldMaxMs: value(reservationMaxMs), findOpen, log, ...rules }
  return {
    statusChanges: [own],
    workers: [
      { name: 'stock allocation', run: stop => runAllocation(allocation, stop) },
      { name: 'reservation expiry', run: stop => runReservationExpiry(expiry, stop) },
    ],
  }
}
