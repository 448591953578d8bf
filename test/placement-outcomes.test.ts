import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTopicConsumer } from '../src/dead-letters/topic-consumer.ts'
import { modules } from '../src/modules.ts'
import type { OrderDocument } from '../src/orders/document.ts'
import { createTestApp, type TestApp } from './app.ts'
import { brokenRules } from './invariants.ts'
import { testLog } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { readStock, stockPart, stockUp } from './stock-part.ts'

/** What each way in says when a module decides on orders: one that brings stock, of which there is one unit. */

const code = 'EXPECTATION_FAILED'
let t: TestApp

beforeAll(async () => {
  t = await createTestApp({ modules: [...modules, { name: 'stock', title: 'Stock', placement: [stockPart] }] })
})

afterAll(() => t.close())

/** Unpaid orders of one unit each. */
function ordersOf(chrtId: number, count: number): OrderDocument[] {
  return makeOrders(count, `sku${chrtId}`).map(document => ({
    ...document,
    items: document.items
      .slice(0, 1)
      .map(item => ({ ...item, chrt_id: chrtId, price: 100, sale: 0, total_price: 100 })),
    payment: { ...document.payment, goods_total: 100, delivery_cost: 0, amount: 100, payment_dt: 0 },
  }))
}

async function stocked(chrtId: number, orders: number): Promise<OrderDocument[]> {
  await stockUp(t.pool, chrtId, 1)
  return ordersOf(chrtId, orders)
}

const problem = async (response: Response) => ({ status: response.status, body: await response.json() })

test('POST answers a rejected order with its code, also when the request is repeated', async () => {
  const [first, second] = await stocked(1, 2)
  const post = (body: unknown, key: string) =>
    t.call('POST', '/api/orders', { body, headers: { 'idempotency-key': key } })
  expect((await post(first, 'first')).status).toBe(201)
  const rejection = { status: 417, body: { code, detail: 'there is not enough of it' } }
  expect(await problem(await post(second, 'second'))).toMatchObject(rejection)
  expect(await problem(await post(second, 'second'))).toMatchObject(rejection)
  expect((await t.call('GET', `/api/orders/${second?.order_uid}`)).status).toBe(404)
})

test('a paid order that cannot be served is put on hold, and reads back so', async () => {
  const [first, second] = await stocked(2, 2)
  expect((await t.call('POST', '/api/orders', { body: first })).status).toBe(201)
  const paid = { ...second, payment: { ...second?.payment, payment_dt: 1 } }
  const placed = await t.call('POST', '/api/orders', { body: paid })
  expect([placed.status, placed.headers.get('etag')]).toEqual([201, '"2"'])
  const order = await placed.json()
  expect(order).toMatchObject({ status: 'on_hold', payment_status: 'paid', version: 2 })
  t.app.cache.clear()
  expect(await (await t.call('GET', `/api/orders/${second?.order_uid}`)).json()).toEqual(order)
  const confirmed = await t.call('POST', `/api/orders/${second?.order_uid}/confirm`)
  expect(await confirmed.json()).toMatchObject({ status: 'confirmed', version: 3 })
})

test('a batch gives the decision for each line', async () => {
  const [first, second] = await stocked(3, 2)
  const lines = [first, second, first].map(order => JSON.stringify(order))
  const answer = await t.call('POST', '/api/orders/batch', { body: lines.join('\n') })
  const results = (await answer.text()).split('\n').slice(0, 3)
  expect(results.map(line => JSON.parse(line))).toEqual([
    { line: 1, order_uid: first?.order_uid, outcome: 'placed' },
    { line: 2, order_uid: second?.order_uid, outcome: 'refused', code },
    { line: 3, order_uid: first?.order_uid, outcome: 'duplicate' },
  ])
})

test('a rejected order from Kafka becomes a dead letter, and can be replayed once there is stock', async () => {
  const orders = await stocked(4, 2)
  const counted: string[] = []
  const [orderHandler] = t.app.handlers
  if (orderHandler === undefined) throw new Error('orders have no handler')
  const consume = createTopicConsumer(orderHandler.handler, {
    what: 'orders',
    pool: t.pool,
    log: testLog,
    stop: new AbortController().signal,
    count: (outcome, messages) => counted.push(`${messages} ${outcome}`),
  })
  const message = { topic: 'orders', partition: 0, key: null, headers: [], timestampMs: 0 }
  await consume(
    orders.map((order, index) => ({ ...message, offset: BigInt(index), value: Buffer.from(JSON.stringify(order)) })),
  )
  expect(counted).toEqual(['1 placed', `1 ${code}`])
  const { rows } = await t.pool.query('select id, detail from dead_letters where code = $1', [code])
  expect(rows).toEqual([{ id: expect.any(String), detail: 'there is not enough of it' }])
  const replay = () =>
    t.call('POST', `/api/dead-letters/${rows[0]?.id}/replay`, { body: { actor: 'ada', reason: 'more came' } })
  expect(await problem(await replay())).toMatchObject({ status: 417, body: { code } })
  await t.pool.query('update test_stock set on_hand = 2 where chrt_id = 4')
  expect((await replay()).status).toBe(200)
  expect(await readStock(t.pool, 4)).toEqual({ reserved: 2, reservations: 2 })
  expect(await brokenRules(t.pool)).toEqual([])
})
