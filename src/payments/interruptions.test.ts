import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp, paymentActions } from '../../test/payments.ts'
import type { PaymentHooks } from './hooks.ts'

/** An instance that stops at a point of a payment, and another that goes on. */

setDefaultTimeout(60_000)

type Point = Parameters<PaymentHooks['reached']>[0]

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

/** An instance on the same database that stops whenever it reaches a point, until it is let go. */
async function instanceStoppingAt(stopping: Point) {
  const reached = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  const paymentHooks: PaymentHooks = {
    async reached(point) {
      if (point !== stopping) return
      reached.resolve()
      await letGo.promise
    },
  }
  const app = await createTestApp({ pool: t.pool, now, paymentHooks })
  return { ...paymentActions(app), reached: reached.promise, letGo: letGo.resolve }
}

/** As if the process that had the request was gone for longer than its claims last. */
async function endClaims(): Promise<void> {
  shiftMs += 60_000
  // The notification of its changes, which this instance does not listen to.
  t.app.cache.clear()
  await t.pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")
}

describe('an instance that is killed', () => {
  for (const point of ['stored', 'sent', 'answered', 'applied'] as const) {
    test(`when a payment is ${point}: another settles it, a repetition finds it, and the payer is charged once`, async () => {
      const { uid, amount } = await t.place()
      const killed = await instanceStoppingAt(point)
      const key = randomUUID()
      void killed.pay(uid, {}, key)
      await killed.reached
      await endClaims()
      await t.settle()
      expect(await t.stateOf(uid)).toBe('confirmed paid')
      const repeated = await t.pay(uid, {}, key)
      expect(repeated).toMatchObject({ status: 201, state: 'captured' })
      const payments = await t.read<{ id: string; amounts: { captured: number } }[]>(`/api/orders/${uid}/payments`)
      expect(payments.map(({ id, amounts }) => [id, amounts.captured])).toEqual([[repeated.id, amount]])
    })

    test(`when a refund is ${point}: it is made once, also when it is repeated under its key`, async () => {
      const { uid } = await t.place()
      const { id } = await t.pay(uid)
      const killed = await instanceStoppingAt(point)
      const key = randomUUID()
      void killed.ask(`/api/payments/${id}/refunds`, { amount: 9 }, key)
      await killed.reached
      await endClaims()
      expect((await t.ask(`/api/payments/${id}/refunds`, { amount: 9 }, key)).amounts.refunded).toBe(9)
      await t.settle()
      expect(await t.read(`/api/payments/${id}`)).toMatchObject({ amounts: { refunded: 9, pending_refund: 0 } })
    })
  }

  test('that comes back late with its answer changes nothing that another has settled', async () => {
    const { uid, amount } = await t.place()
    const slow = await instanceStoppingAt('answered')
    const paying = slow.pay(uid)
    await slow.reached
    shiftMs += 60_000
    await t.settle()
    slow.letGo()
    expect(await paying).toMatchObject({ status: 201, state: 'captured', amounts: { captured: amount } })
    expect(await t.transfersOf(uid)).toEqual([`receivable revenue ${amount}`, `clearing:sandbox receivable ${amount}`])
  })
})

test('an order that is cancelled while its capture is on the way: no captured charge is orphaned', async () => {
  const { uid, amount } = await t.place()
  const slow = await instanceStoppingAt('stored')
  const { id } = await t.pay(uid, { capture: 'manual' })
  const capturing = slow.ask(`/api/payments/${id}/capture`)
  await slow.reached
  expect((await t.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
  await t.settle()
  expect(await t.read(`/api/payments/${id}`)).toMatchObject({ amounts: { pending_capture: amount, captured: 0 } })
  slow.letGo()
  expect(await capturing).toMatchObject({ status: 200, amounts: { captured: amount } })
  t.app.cache.clear()
  expect(await t.stateOf(uid)).toBe('cancelled paid')
  await t.settle()
  expect(await t.stateOf(uid)).toBe('cancelled refunded')
  expect(await t.read(`/api/payments/${id}`)).toMatchObject({ amounts: { captured: amount, refunded: amount } })
  expect(await t.transfersOf(uid)).toEqual([
    `clearing:sandbox suspense:sandbox ${amount}`,
    `suspense:sandbox clearing:sandbox ${amount}`,
  ])
})
