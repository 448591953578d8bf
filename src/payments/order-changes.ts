import type { LockedOrder } from '../orders/order-locks.ts'
import type { OrderStatus } from '../orders/order.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import type { PaymentRules } from './changes.ts'
import { contextAt } from './commands.ts'
import { decideOrderChange } from './decide-order.ts'
import { loadPayments } from './load.ts'
import { newStamp } from './remembered.ts'
import { type FollowedOrders, saveWithin } from './save.ts'

/** The statuses that mean something for payments: the sale is booked, or what moved is given back. */
const followed: readonly OrderStatus[] = ['confirmed', 'cancelled', 'expired']

/**
 * Follows commands and the expiry: the payments of an order that is cancelled or expires are voided and refunded, by operations that are
 * requested in the same transaction and sent by the worker.
 */
export function followOrders(rules: PaymentRules, orders: FollowedOrders): StatusChangePart {
  return {
    async onStatusChanged(client, changes, nowMs) {
      const wanted = changes.filter(({ order }) => followed.includes(order.state.status))
      if (wanted.length === 0) return
      const loaded = await loadPayments(
        client,
        wanted.map(({ order }): LockedOrder => order),
      )
      const decided = wanted.flatMap(({ from, reason, actor, traceparent }, index) => {
        const before = loaded[index]
        if (before === undefined) return []
        const context = contextAt(rules, nowMs, traceparent)
        const decision = decideOrderChange(before, { statusBefore: from, reason, actor }, context)
        if (decision.kind !== 'changed') return []
        return [
          { before, changes: decision.changes, cause: { actor, traceparent }, decidedAtMs: nowMs, stamp: newStamp() },
        ]
      })
      await saveWithin(client, decided, { ...orders, told: orders.parts() })
    },
  }
}
