import { advisoryLockSpaces } from '../advisory-locks.ts'
import type { OrderState } from '../orders/order.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { cartIdOfOrder } from './cart.ts'

/** Whether nothing more is to come of the checkout: the order's money is there, or the order is over. */
export function isDecided({ status, paymentStatus }: OrderState): boolean {
  return status !== 'pending' || paymentStatus !== 'unpaid'
}

/** Whether the order is over without a sale: what it has used up is free again. */
export function hasEnded({ status }: OrderState): boolean {
  return status === 'cancelled' || status === 'expired'
}

/**
 * Checks out the carts whose orders are decided, in the transaction that decides them. A cart that another transaction has is left to the
 * sweep, so nothing is waited for while orders are locked. No event of the cart comes with it.
 */
export const checkedOutWithOrders: StatusChangePart = {
  concernsConfirmation: orderUids => orderUids.some(orderUid => cartIdOfOrder(orderUid) !== undefined),
  async onStatusChanged(client, changes, nowMs) {
    const cartIds = changes.flatMap(({ order }) =>
      isDecided(order.state) ? (cartIdOfOrder(order.orderUid) ?? []) : [],
    )
    if (cartIds.length === 0) return
    // In a `case`, since the planner would read all carts that are in this state by the index of states.
    await client.query(
      `update carts
          set state = 'checked_out', next_look_at = null, version = version + 1, updated_at = greatest(updated_at, $2)
        where cart_id = any($1)
          and case when state = 'checking_out' then pg_try_advisory_xact_lock(${advisoryLockSpaces.carts}, hashtext(cart_id)) end`,
      [cartIds, new Date(nowMs)],
    )
  },
}
