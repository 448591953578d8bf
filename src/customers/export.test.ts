import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, openShop } from '../../test/carts.ts'
import { makeOrders } from '../../test/orders.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  await openShop(t)
})

afterAll(() => t.close())

type Exported = {
  customer_id: string
  orders: { order: { order_uid: string; version: number }; [table: string]: unknown }[]
  carts: object[]
}

async function exported(customerId: string): Promise<Exported> {
  const response = await t.call('GET', `/api/customers/${encodeURIComponent(customerId)}/export`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  return (await response.json()) as Exported
}

test('an export has the orders of a customer in portions, with the rows of each, and what names the customer', async () => {
  const customer_id = 'c/1 "x"'
  const orders = makeOrders(120, 'exported').map((order, index) => ({
    ...order,
    customer_id: index < 110 ? customer_id : 'other',
  }))
  const body = orders.map(order => `${JSON.stringify(order)}\n`).join('')
  await (await t.call('POST', '/api/orders/batch', { body })).text()
  await t.call('POST', '/api/orders/exported-7/delivery', { body: { city: 'Bonn', reason: 'moved', actor: 'ada' } })
  const { fill, checkOut } = cartActions(t.call)
  const { order } = await checkOut(await fill({ customer_id }))
  const found = await exported(customer_id)
  expect(found.orders.map(one => one.order.order_uid).toSorted()).toEqual(
    [...orders.slice(0, 110).map(one => one.order_uid), order.order_uid].toSorted(),
  )
  const seventh = found.orders.find(one => one.order.order_uid === 'exported-7')
  expect(seventh).toMatchObject({
    order: { version: 2, delivery: { city: 'Bonn' } },
    order_transitions: [{ command: 'correct', reason: 'moved', actor: 'ada' }],
    order_corrections: [{ version: 2, delivery: expect.stringContaining('Bonn') }],
  })
  expect(found.orders.find(one => one.order.order_uid === order.order_uid)).toMatchObject({
    payments: [{ provider: 'sandbox' }],
  })
  expect(found.carts).toMatchObject([{ customer_id, state: 'checked_out' }])
  expect(JSON.stringify(found)).not.toMatch(/token_hash|method_token/)
})

test('an export of somebody unknown has nothing', async () => {
  expect(await exported('nobody')).toMatchObject({ customer_id: 'nobody', orders: [], carts: [] })
})
