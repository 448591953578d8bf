import type { NewEvent } from '../events/append.ts'
import { lockOrders } from '../orders/order-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { TrackingPart } from '../tracking/tracking-part.ts'
import { newsOf } from './decide-news.ts'
import type { ShipmentWriterOptions } from './group.ts'
import { loadLocked } from './load.ts'
import { type DecidedOrder, saveTold } from './save.ts'

/** What shipments take from their parcels: what the carrier says of them, when they are expected, and that they have arrived. */

/** Follows the parcels of shipments in the transactions that store the reports of carriers. */
export function followParcels({
  parts,
  onCommitted,
}: Pick<ShipmentWriterOptions, 'parts' | 'onCommitted'>): TrackingPart {
  return {
    lockOrders: async (client, orderUids) => (await lockOrders(client, orderUids)).busy,
    async onParcelsChanged(client, changes, nowMs) {
      const told = Map.groupBy(changes, ({ orderUid }) => orderUid)
      const loaded = await loadLocked(client, [...told.keys()].toSorted())
      const decided = loaded.map(before => ({
        before,
        changes: newsOf(before, told.get(before.order.orderUid) ?? [], nowMs),
      }))
      return save(client, decided, { parts: parts(), nowMs, onCommitted })
    },
  }
}

type Saving = Readonly<{
  parts: ReturnType<ShipmentWriterOptions['parts']>
  nowMs: number
  onCommitted: ShipmentWriterOptions['onCommitted']
}>

async function save(
  client: PoolClient,
  decided: readonly DecidedOrder[],
  { parts, nowMs, onCommitted }: Saving,
): Promise<Readonly<{ events: readonly NewEvent[]; onCommitted?: () => void }>> {
  if (decided.every(({ changes }) => changes.length === 0)) return { events: [] }
  const { events, changed } = await saveTold(client, decided, { parts, nowMs })
  return { events, onCommitted: () => onCommitted(decided, changed) }
}
