import { findBookedOrders } from '../ledger/queries.ts'
import type { LockedOrder } from '../orders/order-locks.ts'
import { findPaidArrivals } from '../orders/paid-arrivals.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { newPayment } from './new-payment.ts'
import type { Payment } from './payment.ts'

/** The payments of orders that arrived paid: they are read from the order, and become rows when money moves on them. */

export type PresentedPayment = Readonly<{
  payment: Payment
  /** Whether its sale and its money are in the ledger; those of orders from before the books began are not. */
  isInBooks: boolean
}>

/**
 * Reads the payments that orders arrived with: captured by the provider that the order names, under the order's own id.
 *
 * @param orders without rows of payments
 * @returns by the order's uid; orders that arrived unpaid, or are of amount 0, are left out
 */
export async function presentedPayments(
  client: Pool | PoolClient,
  orders: readonly Pick<LockedOrder, 'orderUid' | 'state'>[],
): Promise<ReadonlyMap<string, PresentedPayment>> {
  const paid = orders.filter(({ state }) => state.paymentStatus !== 'unpaid').map(({ orderUid }) => orderUid)
  if (paid.length === 0) return none
  const arrivals = await findPaidArrivals(client, paid)
  const booked = await findBookedOrders(client, [...arrivals.keys()])
  return new Map(
    [...arrivals.values()].map(({ orderUid, provider, transaction, currency, amount }) => {
      const { placedAt, isInBooks = false } = booked.get(orderUid) ?? {}
      // When it was paid is the sender's word, and may be in the future. Its events must not be.
      const begun = newPayment(
        { orderUid, paymentId: orderUid, provider, currency, amount, capture: 'automatic' },
        placedAt?.getTime() ?? 0,
      )
      const providerRef = transaction === '' ? undefined : transaction
      const payment: Payment = { ...begun, providerRef, state: 'captured', authorized: amount, captured: amount }
      return [orderUid, { payment, isInBooks }]
    }),
  )
}

const none: ReadonlyMap<string, PresentedPayment> = new Map()
