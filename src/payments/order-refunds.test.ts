import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import type { PaymentHooks } from './hooks.ts'
import { paymentsApi } from './module.ts'
import type { OrderRefund } from './order-refunds.ts'

/** Refunds of orders, out of whichever payments they have. */

setDefaultTimeout(30_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createPaymentApp({ now })
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

const about = { isAtMost: false, rids: [], reason: 'came back', actor: 'ada', traceparent: undefined }

const refundBy = (app: typeof t.app, refund: Pick<OrderRefund, 'orderUid' | 'key' | 'amount'> & Partial<OrderRefund>) =>
  paymentsApi.of(app.context).refunds.refund({ ...about, ...refund })

test('a refund is taken from the payments of an order in turn, and once under its key', async () => {
  const { uid: orderUid, amount } = await t.place()
  await t.pay(orderUid, { amount: 60 })
  await t.pay(orderUid)
  const first = await refundBy(t.app, { orderUid, key: 'r-1', amount: 80 })
  expect(first).toMatchObject({ state: 'succeeded', refunded: 80 })
  expect(first.operationIds).toHaveLength(2)
  const again = await Promise.all([1, 2].map(() => refundBy(t.app, { orderUid, key: 'r-1', amount: 90 })))
  expect(again).toEqual([first, first])
  const refunded = () =>
    t
      .read<{ amounts: { refunded: number } }[]>(`/api/orders/${orderUid}/payments`)
      .then(all => all.map(({ amounts }) => amounts.refunded))
  expect(await refunded()).toEqual([60, 20])
  const tooMuch = refundBy(t.app, { orderUid, key: 'r-2', amount })
  await expect(tooMuch).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_CAPTURED' })
  const rest = await refundBy(t.app, { orderUid, key: 'r-2', amount, isAtMost: true })
  expect(rest).toMatchObject({ state: 'succeeded', refunded: amount - 80 })
  expect(await t.stateOf(orderUid)).toBe('confirmed refunded')
})

test('what was paid outside is recorded as refunded', async () => {
  const { uid: orderUid, amount } = await t.place(true)
  expect(await refundBy(t.app, { orderUid, key: 'outside', amount: 7 })).toMatchObject({ refunded: 7 })
  expect(await t.stateOf(orderUid)).toBe('confirmed partially_refunded')
  await expect(refundBy(t.app, { orderUid, key: 'more', amount })).rejects.toMatchObject({
    code: 'REFUND_EXCEEDS_CAPTURED',
  })
})

for (const stopping of ['stored', 'sent', 'answered', 'applied'] as const) {
  test(`an instance that is killed when a refund is ${stopping}: another finds it, and refunds nothing more`, async () => {
    const { uid: orderUid } = await t.place()
    await t.pay(orderUid)
    const reached = Promise.withResolvers<void>()
    const paymentHooks: PaymentHooks = {
      async reached(point) {
        if (point !== stopping) return
        reached.resolve()
        await Promise.withResolvers<void>().promise
      },
    }
    const killed = await createTestApp({ pool: t.pool, now, paymentHooks })
    void refundBy(killed.app, { orderUid, key: stopping, amount: 9 })
    await reached.promise
    const found = await refundBy(t.app, { orderUid, key: stopping, amount: 9 })
    expect(found.state).toBe(stopping === 'applied' ? 'succeeded' : 'pending')
    shiftMs += 60_000
    await t.settle()
    expect(await refundBy(t.app, { orderUid, key: stopping, amount: 9 })).toMatchObject({
      ...{ state: 'succeeded', refunded: 9 },
    })
  })
}
