import type { LockedOrder } from '../orders/order-locks.ts'
import type { OrderStatus } from '../orders/order.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { move } from './decide-move.ts'
import { loadShipments } from './load.ts'
import { saveWithin } from './save.ts'

/** The statuses in which nothing of an order leaves any more. */
const over: readonly OrderStatus[] = ['cancelled', 'expired', 'completed']

/**
 * Follows commands and the expiry: of an order that is over what has not left does not leave any more. What is under way stays: it may be
 * cancelled when it comes back.
 */
export const followOrders: StatusChangePart = {
  async onStatusChanged(client, changes, nowMs) {
    const ended = changes.filter(({ order, from }) => order.state.status !== from && over.includes(order.state.status))
    if (ended.length === 0) return
    const loaded = await loadShipments(
      client,
      ended.map(({ order }): LockedOrder => order),
    )
    const decided = loaded.map((before, index) => {
      const { reason = '', actor = '', traceparent } = ended[index] ?? {}
      const open = before.shipments.filter(({ state }) => state === 'planned' || state === 'packed')
      const cause = { nowMs, reason, actor, traceparent }
      return { before, changes: open.map(shipment => move(shipment, 'cancelled', cause)) }
    })
    await saveWithin(client, decided, { parts: [], nowMs })
  },
  // A confirmed order may be shipped, and nothing is written for it before.
  concernsConfirmation: () => false,
}
