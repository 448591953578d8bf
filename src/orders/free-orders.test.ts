import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { exampleOrder } from './example.ts'
import { findPaidArrivals } from './paid-arrivals.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

/** An order that costs nothing, and was not paid. */
function freeOrder(uid: string) {
  const order = exampleOrder(uid, Date.now(), Math.random)
  const items = order.items.map(item => ({ ...item, price: 0, total_price: 0 }))
  const payment = { ...order.payment, amount: 0, goods_total: 0, delivery_cost: 0, custom_fee: 0, payment_dt: 0 }
  return { ...order, items, payment: { ...payment, discount_total: 0, tax_total: 0 } }
}

test('an order that costs nothing is confirmed at once, however it is read', async () => {
  // The second is not compact, so it is parsed.
  for (const [uid, indent] of [['free-1'], ['free-2', 2]] as const) {
    const body = JSON.stringify(freeOrder(uid), null, indent)
    const placed = await t.call('POST', '/api/orders', { body, headers: { 'content-type': 'application/json' } })
    expect(placed.status).toBe(201)
    expect(await placed.json()).toMatchObject({ status: 'confirmed', payment_status: 'paid', version: 1 })
  }
  expect(await brokenRules(t.pool)).toEqual([])
})

test('verify accepts one that an earlier version placed: it waited for a payment', async () => {
  await t.pool.query(`
    update events set data = '{"status":"pending","payment_status":"unpaid","delivery_status":"unfulfilled"}' where stream_id = 'free-1';
    update orders set status = 'pending', payment_status = 'unpaid' where order_uid = 'free-1'`)
  expect(await brokenRules(t.pool)).toEqual([])
})

test('the payment that an order arrived with is read from its document', async () => {
  const paid = exampleOrder('arrived', Date.now(), Math.random)
  const [late, unpaid] = ['late', 'unpaid'].map(uid => exampleOrder(uid, Date.now(), Math.random))
  const at = (payment_dt: number, order = paid) => ({ ...order, payment: { ...order.payment, payment_dt } })
  for (const body of [paid, at(Number.MAX_SAFE_INTEGER, late), at(0, unpaid)]) {
    expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
  }
  const found = await findPaidArrivals(t.pool, ['arrived', 'free-2', 'late', 'none', 'unpaid'])
  const { currency, amount, provider, transaction, payment_dt } = paid.payment
  expect([...found.keys()].toSorted()).toEqual(['arrived', 'late'])
  expect(found.get('arrived')).toEqual({
    orderUid: 'arrived',
    currency,
    amount,
    provider,
    transaction,
    paidAtMs: payment_dt * 1000,
  })
  expect(new Date(found.get('late')?.paidAtMs ?? 0).toISOString()).toBe('9999-12-31T23:59:59.999Z')
})
