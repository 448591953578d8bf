import type { PaymentStatus } from '../src/orders/order.ts'
import { type LockedOrder, lockOrders } from '../src/orders/order-locks.ts'
import { changePaymentStatus, type PaymentStatusChange } from '../src/orders/payment-status.ts'
import { copyOfEvents, notifyOfEvents } from '../src/events/append.ts'
import { copyInto } from '../src/platform/copy.ts'
import { inTransaction, type Pool } from '../src/platform/postgres.ts'
import { inOneRoundTrip } from '../src/platform/round-trip.ts'

/** What a test says of a change of what is paid; the rest is preset. */
export type WantedChange = Partial<PaymentStatusChange> & { paymentStatus: PaymentStatus }

/** Changes what is paid of orders by one transaction, as payments do. @param wanted by uid */
export function changePaidOf(
  pool: Pool,
  wanted: Readonly<Record<string, WantedChange>>,
  nowMs = Date.now(),
): Promise<readonly LockedOrder[]> {
  const preset = { confirm: false, reason: 'money moved', actor: 'payments' }
  return inTransaction(pool, async client => {
    const { locked } = await lockOrders(client, Object.keys(wanted).toSorted())
    const changes = locked.flatMap((order): PaymentStatusChange[] => {
      const change = wanted[order.orderUid]
      return change === undefined ? [] : [{ ...preset, order, ...change }]
    })
    const { after, updates, transitions, events } = changePaymentStatus(changes, nowMs)
    await inOneRoundTrip(client, updates)
    if (events.length > 0) await copyInto(client, [transitions, copyOfEvents(events)], notifyOfEvents)
    return after
  })
}
