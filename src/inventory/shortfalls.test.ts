import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { moveStock, orderOf } from '../../test/stock.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

type Page = { rows: Record<string, unknown>[]; next: string | undefined }

async function read(path: string): Promise<Page> {
  const response = await t.call('GET', path)
  const [, next] = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '') ?? []
  return { rows: (await response.json()) as Page['rows'], next }
}

test('orders that wait for stock are listed page by page, oldest first, with what they wait for', async () => {
  await moveStock(t.pool, { chrtId: 41, location: 'main', quantity: 1 })
  const orders = [orderOf({ 41: 2 }, { isPaid: true }), orderOf({ 41: 3 }, { isPaid: true })]
  for (const order of orders) expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  const waiting = orders.map(({ order_uid }, index) => ({
    ...{ order_uid, holds_order: true, since: expect.any(String) },
    items: [{ chrt_id: 41, quantity: index + 2 }],
  }))
  expect((await read('/api/shortfalls')).rows).toEqual(waiting)
  const first = await read('/api/shortfalls?limit=1')
  expect(first.rows).toEqual(waiting.slice(0, 1))
  const second = await read(new URL(first.next ?? '', 'http://shop.example/api/shortfalls').href.slice(19))
  expect([second.rows, second.next]).toEqual([waiting.slice(1), undefined])
  expect((await t.call('GET', '/api/shortfalls?cursor=x')).status).toBe(400)
})

test('items are listed by their numbers, of which each must be one', async () => {
  const body = { nm_id: 4, name: 'Scarf', prices: {} }
  for (const chrtId of [42, 43, 44]) await t.call('PUT', `/api/items/${chrtId}`, { body })
  const { rows } = await read('/api/items?chrt_id=44,42,9')
  expect(rows.map(({ chrt_id }) => chrt_id)).toEqual([42, 44])
  expect((await t.call('GET', '/api/items?chrt_id=42,x')).status).toBe(400)
})
