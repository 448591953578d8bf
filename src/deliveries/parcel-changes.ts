import { lockOf } from '../orders/order-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { ParcelChange, TrackingPart } from '../tracking/tracking-part.ts'
import type { ShipmentChange } from './changes.ts'
import { newsOf } from './decide-news.ts'
import type { ShipmentWriterOptions } from './group.ts'
import { byOrder, loadLocked, loadShipmentsOf } from './load.ts'
import { type DecidedOrder, saveFollowing } from './save.ts'

/** What shipments take from their parcels: what the carrier says of them, when they are expected, and that they have arrived. */

/** Follows the parcels of shipments in the transactions that store the reports of carriers. */
export function followParcels({
  parts,
  onCommitted,
}: Pick<ShipmentWriterOptions, 'parts' | 'onCommitted'>): TrackingPart {
  return {
    lockOrder: lockOf,
    async onParcelsChanged(client, changes, nowMs) {
      const { decided, news } = await decide(client, changes, nowMs)
      if (decided.length + news.length === 0) return { events: [] }
      const { changed, ...following } = await saveFollowing(client, decided, news, { parts: parts(), nowMs })
      const all = [...decided, { changes: news }]
      return { ...following, onCommitted: () => onCommitted(all, changed) }
    },
  }
}

/**
 * Decides what becomes of shipments.
 *
 * @returns `decided`: the orders of which something has arrived, which may change them; `news`: what else changes, and no order with it
 */
async function decide(
  client: PoolClient,
  changes: readonly ParcelChange[],
  nowMs: number,
): Promise<{ decided: readonly DecidedOrder[]; news: readonly ShipmentChange[] }> {
  const told = Map.groupBy(changes, ({ orderUid }) => orderUid)
  const shipmentsOf = byOrder(await loadShipmentsOf(client, [...told.keys()].toSorted()))
  const moving = new Map<string, readonly ShipmentChange[]>()
  const news: ShipmentChange[] = []
  for (const [orderUid, shipments] of shipmentsOf) {
    const made = newsOf({ shipments }, told.get(orderUid) ?? [], nowMs)
    if (made.some(({ before, after }) => before?.state !== after.state)) moving.set(orderUid, made)
    else news.push(...made)
  }
  const orders = await loadLocked(client, new Map([...shipmentsOf].filter(([orderUid]) => moving.has(orderUid))))
  const decided = orders.map(before => ({ before, changes: moving.get(before.order.orderUid) ?? [] }))
  return { decided, news }
}
