import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, mug, openShop, recipient } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { shipping } from '../../test/shipments.ts'
import type { PaymentView } from '../payments/views.ts'
import type { TrackingLink } from './views.ts'

/** What the buyer of an order that was a cart does with the cart's token. */

setDefaultTimeout(30_000)

const none = { captured: 0, refunded: 0, pending_refund: 0 }

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  await openShop(t)
})
afterEach(async () => expect(await brokenRules(t.pool, Date.now())).toEqual([]))
afterAll(() => t.close())

/** An order of a guest, paid. */
async function buy() {
  const { id, cart_token: token } = await cartActions(t.call).create()
  const headers = { authorization: `Bearer ${token}` }
  const call: TestApp['call'] = (method, path, options = {}) =>
    t.call(method, path, { ...options, headers: { ...headers, ...options.headers } })
  const shop = cartActions(call)
  await shop.put(id, mug, 2)
  const { total } = await shop.patch(id, { email: 'ada@example.com', delivery: recipient, delivery_method: 'parcel' })
  const { order, status } = await shop.checkOut({ id, total })
  expect(status).toBe(201)
  const ask = async (method: string, what: string, body?: object, more = {}) => {
    const response = await call(method, `/api/carts/${id}/order${what}`, { body, headers: more })
    return {
      status: response.status,
      body: (await response.json()) as TrackingLink & {
        code?: string
        order: { status: string; payment_status: string }
      },
    }
  }
  return { id, order, ask }
}

test('a buyer gets the link of the own order with the token of the cart, and nobody else does', async () => {
  const [one, other] = [await buy(), await buy()]
  const { body } = await one.ask('GET', '/tracking-link')
  const { body: known } = await shipping(t).ask<TrackingLink>('GET', `/api/orders/${one.order.order_uid}/tracking-link`)
  expect([body.token, body.path]).toEqual([known.token, known.path])
  expect((await other.ask('GET', '/tracking-link')).body.token).not.toBe(body.token)
  const headers = { authorization: 'Bearer ct_wrong' }
  expect((await one.ask('GET', '/tracking-link', undefined, headers)).status).toBe(404)
  expect((await t.call('GET', `/api/track/orders/${body.token}`)).status).toBe(200)
})

test('a buyer cancels what has not left, and gets the money back; what is packed is unpacked, and again changes nothing', async () => {
  const { order, ask } = await buy()
  const s = shipping(t)
  const { body: shipment } = await s.ask('POST', `/api/orders/${order.order_uid}/shipments`, {
    rids: [order.items[0]?.rid],
  })
  await s.act(shipment.id, 'pack')
  const headers = { authorization: 'Bearer ct_wrong' }
  expect((await ask('POST', '/cancel', {}, headers)).status).toBe(404)
  for (let time = 1; time <= 2; time += 1)
    expect(await ask('POST', '/cancel', { reason: 'too late' })).toMatchObject({
      status: 200,
      body: { order: { status: 'cancelled' } },
    })
  expect((await s.shown(shipment.id)).state).toBe('cancelled')
  expect((await s.events(order.order_uid)).filter(type => type === 'order.cancelled')).toHaveLength(1)
  const { body: payments } = await s.ask<PaymentView[]>('GET', `/api/orders/${order.order_uid}/payments`)
  const [{ captured, refunded, pending_refund: pending } = none] = payments.map(({ amounts }) => amounts)
  expect([captured, refunded + pending]).toEqual([order.payment.amount, order.payment.amount])
})

test('of an order of which something has left the buyer cancels nothing', async () => {
  const { order, ask } = await buy()
  const s = shipping(t)
  const { body: shipment } = await s.ask('POST', `/api/orders/${order.order_uid}/shipments`, {
    rids: [order.items[0]?.rid],
  })
  await s.act(shipment.id, 'ship')
  expect(await ask('POST', '/cancel', {})).toMatchObject({ status: 409, body: { code: 'ORDER_SHIPPED' } })
  expect(await s.orderState(order.order_uid)).toBe('confirmed paid partially_shipped')
})
