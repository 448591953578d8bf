import { expect, test } from 'bun:test'
import { updateStates } from './command-queries.ts'
import type { LockedOrder } from './order-locks.ts'

test('many orders are changed by several statements, each order by one', () => {
  const orders = Array.from({ length: 250 }, (_, index): LockedOrder => {
    const state = { status: 'completed', paymentStatus: 'paid', deliveryStatus: 'delivered' } as const
    const about = { orderUid: `o-${index}`, state, version: 3, currency: 'USD', amount: 100 }
    return { ...about, updatedAtMs: Date.UTC(2026, 10, 29), paymentPendingUntilMs: undefined }
  })
  const changed = updateStates(orders).map(({ values = [] }) => JSON.parse(values[1] as string) as object[])
  expect(changed.map(({ length }) => length)).toEqual([100, 100, 50])
  expect(changed.flat()).toMatchObject(orders.map(({ orderUid }) => ({ order_uid: orderUid, version: 3 })))
  expect(updateStates([])).toEqual([])
})
