import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cartStates } from '../src/carts/cart.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { inTransaction } from '../src/platform/postgres.ts'
import { attachParcels } from '../src/tracking/attach.ts'
import { createTestApp } from './app.ts'
import { lamp, mug, recipient } from './carts.ts'
import { type Asked, type Caller, type DocumentedAnswers, readDocumentedAnswers } from './documented-answers.ts'
import { createFilledApp } from './filled-database.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'
import { parcelOrder } from './shipments.ts'
import { type BodyReader, framesOf } from './server-sent-events.ts'

/**
 * Real answers of every route, out of a database with rows of every kind, held against what OpenAPI says of them: the status, the
 * media type, and every field. An operation that is not called, or a documented answer that is not met, fails the last test.
 */

setDefaultTimeout(60_000)

type Row = { id: string }
type PricedRow = Row & { total: number }

let t: Awaited<ReturnType<typeof createFilledApp>>
/** Holders of keys with a scope that few routes ask for. */
let strangers: Readonly<Record<'shopper' | 'courier', Caller>>
let documented: DocumentedAnswers
const ask: DocumentedAnswers['ask'] = (name, status, asked) => documented.ask(name, status, asked)

beforeAll(async () => {
  t = await createFilledApp()
  const admin = withKey(t.adminKey)
  strangers = {
    shopper: withKey(await makeKey(admin, ['carts:write'])),
    courier: withKey(await makeKey(admin, ['deliveries:write'])),
  }
  documented = await readDocumentedAnswers(
    withKey(
      await makeKey(admin, [
        'orders:read',
        'orders:write',
        'payments:write',
        'inventory:write',
        'carts:write',
        'deliveries:write',
        'admin',
      ]),
    ),
  )
})
afterAll(() => t.close())

function withKey(key: string): Caller {
  return {
    call: (method, path, options = {}) =>
      t.call(method, path, { ...options, headers: { authorization: `Bearer ${key}`, ...options.headers } }),
  }
}

async function makeKey(of: Caller, scopes: readonly string[]): Promise<string> {
  const response = await of.call('POST', '/api/keys', { body: { name: 'a test', scopes } })
  return ((await response.json()) as { key: string }).key
}

const newKey = () => ({ 'idempotency-key': crypto.randomUUID() })

const newOrder = () => exampleOrder(crypto.randomUUID(), Date.now(), Math.random)

test('this test finds undocumented responses', () => {
  const problem = { $ref: '#/components/schemas/Problem' }
  const whole = { type: 'urn:a', title: 't', status: 404, detail: 'd', code: 'C', request_id: 'r' }
  documented.expectToKeep(problem, whole, 'a problem')
  expect(() => documented.expectToKeep(problem, { ...whole, code: undefined }, 'incomplete')).toThrow()
  expect(() => documented.expectToKeep(problem, { ...whole, other: 1 }, 'with another field')).toThrow()
})

describe('responses match OpenAPI', () => {
  test('of orders', async () => {
    const order = { ...newOrder(), gift: { wrapped: true } }
    const id = order.order_uid
    await ask('POST /api/orders', 201, { body: order })
    await ask('POST /api/orders', 200, { body: order })
    await ask('POST /api/orders', 409, { body: { ...order, entry: 'other' } })
    await ask('POST /api/orders', 400, { body: { order_uid: 7, items: [] } })
    await ask('POST /api/orders/test', 202)
    await ask('GET /api/orders/{id}', 200, { id })
    await ask('GET /api/orders/{id}', 304, { id, headers: { 'if-none-match': '*' } })
    await ask('GET /api/orders', 200, { query: '?limit=2' })
    await ask('GET /api/orders', 200, { headers: { accept: 'application/x-ndjson' } })
    await ask('GET /api/orders', 406, { headers: { accept: 'text/html' } })
    const ndjson = { 'content-type': 'application/x-ndjson' }
    await ask('POST /api/orders/batch', 200, { body: `${JSON.stringify(newOrder())}\n{}\n`, headers: ndjson })
    await ask('GET /api/overview', 200)
    for (const { order_uid } of await ask<{ order_uid: string }[]>('GET /api/orders', 200)) {
      await ask('GET /api/orders/{id}', 200, { id: order_uid })
    }
  })

  test('of the ledger', async () => {
    for (const { order_uid: id } of await ask<{ order_uid: string }[]>('GET /api/orders', 200)) {
      await ask('GET /api/orders/{id}/ledger', 200, { id })
    }
    expect((await ask<object[]>('GET /api/ledger/accounts', 200)).length).toBeGreaterThan(2)
    expect((await ask<object[]>('GET /api/ledger/transfers', 200)).length).toBeGreaterThan(2)
    await ask('GET /api/ledger/transfers', 200, { headers: { accept: 'application/x-ndjson' } })
    await ask('GET /api/ledger/transfers', 406, { headers: { accept: 'text/html' } })
  })

  test('of payments', async () => {
    const pay = 'POST /api/orders/{id}/payments'
    const unpaid = async () => {
      const order = newOrder()
      const body = { ...order, payment: { ...order.payment, payment_dt: 0 } }
      return (await ask<{ order_uid: string }>('POST /api/orders', 201, { body })).order_uid
    }
    const keyed = (id: string, body: object = {}): Asked => ({ id, body, headers: newKey() })
    const approved = { provider: 'sandbox', method_token: 'tok_approve', capture: 'manual' }
    const uid = await unpaid()
    const { id } = await ask<Row>(pay, 201, keyed(uid, approved))
    await ask(pay, 409, keyed(uid, approved))
    await ask('POST /api/payments/{id}/capture', 200, keyed(id))
    await ask('POST /api/payments/{id}/capture', 409, keyed(id))
    await ask('POST /api/payments/{id}/void', 409, keyed(id))
    await ask('POST /api/payments/{id}/refunds', 200, keyed(id))
    await ask('POST /api/payments/{id}/refunds', 409, keyed(id))
    await ask('POST /api/payments/{id}/records', 409, keyed(id, { kind: 'refund' }))
    await ask('POST /api/payments/{id}/sync', 200, { id })
    const { id: other } = await ask<Row>(pay, 201, keyed(await unpaid(), approved))
    await ask('POST /api/payments/{id}/void', 200, keyed(other))
    const { id: cash } = await ask<Row>(pay, 201, keyed(await unpaid(), { provider: 'manual' }))
    await ask('POST /api/payments/{id}/records', 200, keyed(cash, { kind: 'capture' }))
    await ask('GET /api/orders/{id}/payments', 200, { id: uid })
    await ask('GET /api/payments/{id}', 400, { id, query: '?wait=long' })
    await ask('GET /api/payment-providers', 200)
    for (const payment of await ask<Row[]>('GET /api/payments', 200)) {
      await ask('GET /api/payments/{id}', 200, { id: payment.id, query: '?wait=0' })
    }
    const event = 'POST /api/payments/webhooks/{provider}'
    await ask(event, 400, { provider: 'sandbox', body: '{}' })
    await ask(event, 422, { provider: 'nobody', body: '{}' })
  })

  test('of reports of carriers', async () => {
    const webhook = 'POST /api/deliveries/webhooks/{carrier}'
    const checkpoints = [{ code: 'in_transit', occurred_local: '2026-11-28T09:30:00', zone: '+01:00' }]
    await ask(webhook, 200, { carrier: 'generic', body: { tracking_number: 'SEEN1', checkpoints } })
    await ask(webhook, 400, { carrier: 'generic', body: { tracking_number: 'SEEN1' } })
    await ask(webhook, 404, { carrier: 'nobody', body: {} })
    await inTransaction(t.pool, client => {
      const shipment = { orderUid: 'seen', shipmentId: 'shp_seen', number: 'SEEN1', carrier: '' }
      return attachParcels(client, [{ ...shipment, shippedSinceMs: Date.now() }], Date.now())
    })
    await ask('POST /api/deliveries/simulator', 200, { body: { tracking_number: 'SEEN1' } })
    const track = 'GET /api/track/{number}'
    await ask(track, 200, { number: 'SEEN1' })
    await ask(track, 404, { number: 'NOBODY' })
    await ask(track, 406, { number: 'SEEN1', headers: { accept: 'text/html' } })
  })

  test('of payment issues', async () => {
    const issues = await ask<Row[]>('GET /api/payment-issues', 200)
    expect(issues.length).toBeGreaterThan(0)
    for (const { id } of issues) await ask('GET /api/payment-issues/{id}', 200, { id })
    const [open] = await ask<Row[]>('GET /api/payment-issues', 200, { query: '?state=open&limit=1' })
    const asked: Asked = { id: open?.id ?? '', body: { action: 'dismiss', reason: 'known' } }
    await ask('POST /api/payment-issues/{id}/resolve', 200, asked)
    await ask('POST /api/payment-issues/{id}/resolve', 409, asked)
  })

  test('of reconciliations', async () => {
    const [kept] = await ask<Row[]>('GET /api/reconciliations', 200)
    const id = kept?.id ?? ''
    await ask('GET /api/reconciliations/{id}', 200, { id })
    const lines = 'GET /api/reconciliations/{id}/lines'
    expect(await ask<object[]>(lines, 200, { id, query: '?outcome=missing_here' })).toHaveLength(1)
    await ask(lines, 200, { id, headers: { accept: 'application/x-ndjson' } })
    await ask(lines, 406, { id, headers: { accept: 'text/html' } })
  })

  test('of items and stock', async () => {
    const item = { nm_id: 1, name: 'Hat', prices: { USD: 100 } }
    const id = '80001'
    await ask('PUT /api/items/{chrt_id}', 201, { id, body: item })
    await ask('PUT /api/items/{chrt_id}', 200, { id, body: item })
    await ask('PUT /api/items/{chrt_id}', 413, { id, body: 'x'.repeat(64 * 1024 + 1) })
    await ask('GET /api/items/{chrt_id}', 200, { id })
    await ask('GET /api/items', 200, { query: '?q=ha' })
    await ask('GET /api/items', 200, { headers: { accept: 'application/x-ndjson' } })
    await ask('GET /api/items', 406, { headers: { accept: 'text/html' } })
    const csv = { 'content-type': 'text/csv' }
    await ask('POST /api/items/batch', 200, {
      body: 'chrt_id,nm_id,name,prices.USD\n80001,1,Hat,5\n1,,\n',
      headers: csv,
    })
    const received = { id, body: { location: 'main', kind: 'received', quantity: 5, external_id: 'w-1' } }
    await ask('POST /api/stock/{chrt_id}/movements', 201, received)
    await ask('POST /api/stock/{chrt_id}/movements', 200, received)
    await ask('POST /api/stock/{chrt_id}/movements', 409, { id, body: { ...received.body, quantity: 6 } })
    await ask('POST /api/stock/{chrt_id}/count', 200, { id, body: { location: 'main', counted: 5 } })
    await ask('POST /api/stock/{chrt_id}/count', 409, { id, body: { location: 'main', counted: 5, expected: 6 } })
    await ask('GET /api/stock', 200)
    await ask('GET /api/shortfalls', 200)
    await ask('GET /api/stock/{chrt_id}', 200, { id })
    await ask('GET /api/stock/{chrt_id}/movements', 200, { id })
    await ask('PUT /api/locations/{location}', 201, { location: 'shelf', body: {} })
    await ask('PUT /api/locations/{location}', 200, { location: 'shelf', body: { priority: 1 } })
    await ask('GET /api/locations', 200)
    await ask('GET /api/locations/{location}', 200, { location: 'shelf' })
  })

  test('of shipments', async () => {
    const order = parcelOrder([1, 2])
    const id = order.order_uid
    await ask('POST /api/orders', 201, { body: order })
    const create = 'POST /api/orders/{id}/shipments'
    const body = { rids: [order.items[0]?.rid], carrier: 'ups', tracking_numbers: [{ number: 'A1' }] }
    const first = await ask<Row>(create, 201, { id, body })
    await ask(create, 409, { id, body })
    const second = await ask<Row>(create, 201, { id, body: { rids: [order.items[1]?.rid] } })
    const path = 'POST /api/shipments/{id}'
    await ask(`${path}/deliver`, 409, { id: first.id })
    for (const command of ['pack', 'ship', 'deliver']) await ask(`${path}/${command}`, 200, { id: first.id })
    for (const command of ['pack', 'ship', 'cancel']) await ask(`${path}/${command}`, 409, { id: first.id })
    await ask(`${path}/update`, 200, { id: second.id, body: { promised_by: '2030-01-01T00:00:00Z' } })
    await ask(`${path}/cancel`, 200, { id: second.id })
    await ask(`${path}/update`, 409, { id: second.id, body: {} })
    await ask('GET /api/orders/{id}/shipments', 200, { id })
    await ask('GET /api/shipments/{id}', 200, { id: second.id })
    const checkpoints = 'GET /api/shipments/{id}/checkpoints'
    const reported = [{ code: 'delivered', occurred_local: '2026-11-28T09:30:00', zone: '+01:00', text: 'At the door' }]
    const report = { tracking_number: 'A1', checkpoints: reported }
    await ask('POST /api/deliveries/webhooks/{carrier}', 200, { carrier: 'generic', body: report })
    await ask(checkpoints, 200, { id: first.id })
    await ask(checkpoints, 400, { id: first.id, query: '?limit=0' })
    await ask(checkpoints, 404, { id: 'shp_nobody' })
    const link = await ask<{ token: string }>('GET /api/orders/{id}/tracking-link', 200, { id })
    await ask('GET /api/orders/{id}/tracking-link', 404, { id: 'nobody' })
    const page = 'GET /api/track/orders/{token}'
    await ask(page, 200, { number: link.token })
    await ask(page, 404, { number: 'nobody' })
    await ask(page, 406, { number: link.token, headers: { accept: 'text/html' } })
    const revoke = 'POST /api/orders/{id}/tracking-link/revoke'
    await ask(revoke, 200, { id, body: { reason: 'forwarded' }, headers: newKey() })
    await ask(revoke, 400, { id, body: { reason: 7 } })
    await ask(revoke, 404, { id: 'nobody' })
    for (const query of ['', '?late=true', '?carrier=ups&state=shipped,delivered', '?tracking_number=A1'])
      await ask('GET /api/shipments', 200, { query })
  })

  test('of returns', async () => {
    const order = parcelOrder([1, 2])
    const id = order.order_uid
    const rids = order.items.map(({ rid }) => rid)
    await ask('POST /api/orders', 201, { body: order })
    const create = 'POST /api/orders/{id}/returns'
    await ask(create, 409, { id, body: { rids } })
    const shipment = await ask<Row>('POST /api/orders/{id}/shipments', 201, { id, body: { rids } })
    await ask('POST /api/shipments/{id}/ship', 200, { id: shipment.id })
    const [first, second] = [
      await ask<Row>(create, 201, { id, body: { rids: [rids[0]], reason: 'it does not fit' } }),
      await ask<Row>(create, 201, { id, body: { rids: [rids[1]] } }),
    ]
    const path = 'POST /api/returns/{id}'
    const body = { units: [{ rid: rids[0], condition: 'restock' }] }
    await ask(`${path}/receive`, 409, { id: first.id, body })
    await ask(`${path}/approve`, 200, { id: first.id })
    await ask(`${path}/refund`, 409, { id: first.id, headers: newKey() })
    await ask(`${path}/receive`, 200, { id: first.id, body })
    for (const command of ['approve', 'reject', 'cancel']) await ask(`${path}/${command}`, 409, { id: first.id })
    await ask(`${path}/refund`, 200, { id: first.id, body: { fee: 1 }, headers: newKey() })
    await ask(`${path}/reject`, 200, { id: second.id })
    const third = await ask<Row>(create, 201, { id, body: { rids: [rids[1]] } })
    await ask(`${path}/cancel`, 200, { id: third.id })
    await ask('GET /api/orders/{id}/returns', 200, { id })
    await ask('GET /api/returns/{id}', 200, { id: first.id })
    for (const query of ['', '?state=refunded,rejected', `?order_uid=${id}`])
      await ask('GET /api/returns', 200, { query })
  })

  test('of prices', async () => {
    const discount = { id: 'new', body: { kind: 'percent', percent: 5 } }
    const method = { id: 'van', body: { name: 'Van', prices: { EUR: 900 } } }
    const rate = { id: 'at', body: { country: 'AT', name: 'USt', rate_ppm: 200_000 } }
    const resources = [
      ['/api/discounts', '{code}', discount],
      ['/api/delivery-methods', '{method}', method],
      ['/api/tax-rates', '{id}', rate],
    ] as const
    for (const [path, id, asked] of resources) {
      await ask(`PUT ${path}/${id}`, 201, asked)
      await ask(`PUT ${path}/${id}`, 200, asked)
      await ask(`GET ${path}/${id}`, 200, { id: asked.id })
      await ask(`GET ${path}`, 200)
    }
    await ask('PUT /api/tax-rates/{id}', 409, { ...rate, id: 'other' })
    await t.pool.query(`insert into delivery_methods (method, name, prices, countries, active, updated_at)
      select 'many-' || n, 'Many', '{}', '{}', false, now() from generate_series(1, 1000) n`)
    await ask('PUT /api/delivery-methods/{method}', 409, { ...method, id: 'other' })
    await t.pool.query("delete from delivery_methods where name = 'Many'")
    for (const [path, id, asked] of resources) await ask(`DELETE ${path}/${id}`, 204, { id: asked.id })
  })

  const putLine = 'PUT /api/carts/{id}/lines/{chrt_id}'
  const removeLine = 'DELETE /api/carts/{id}/lines/{chrt_id}'
  const newCart = () => ask<Row>('POST /api/carts', 201, { body: { currency: 'USD' } })
  const readyCart = async () => {
    const { id } = await newCart()
    await ask(putLine, 200, { id, chrt_id: String(mug), body: { quantity: 2 } })
    const body = { email: 'ada@example.com', delivery: recipient, delivery_method: 'parcel' }
    return ask<PricedRow>('PATCH /api/carts/{id}', 200, { id, body })
  }
  const stale = { 'if-match': '"99"' }

  test('of carts', async () => {
    const { id } = await readyCart()
    const chrt_id = String(lamp)
    await ask(putLine, 412, { id, chrt_id, body: { quantity: 1 }, headers: stale })
    await ask(putLine, 409, { id, chrt_id: '999999999', body: { quantity: 1 } })
    await ask(putLine, 200, { id, chrt_id, body: { quantity: 1 } })
    await ask(removeLine, 412, { id, chrt_id, headers: stale })
    await ask(removeLine, 200, { id, chrt_id })
    const said = { note: 'ring twice', metadata: { source: 'ad', deep: [1] }, discount_codes: ['none'] }
    await ask('PATCH /api/carts/{id}', 200, { id, body: { ...said, delivery_method: 'dragon' } })
    await ask('PATCH /api/carts/{id}', 200, { id, body: { delivery: null, metadata: null } })
    await ask('PATCH /api/carts/{id}', 412, { id, body: said, headers: stale })
    await ask('PATCH /api/carts/{id}', 422, { id, body: { note: '4242 4242 4242 4242' } })
    const merge = 'POST /api/carts/{id}/merge'
    const { id: from } = await readyCart()
    const body = { from, rule: 'sum' }
    await ask(merge, 412, { id, body, headers: stale })
    await ask(merge, 200, { id, body })
    await ask(merge, 409, { id: (await newCart()).id, body })
    await ask('PATCH /api/carts/{id}', 409, { id: from, body: said })
    await ask(putLine, 409, { id: from, chrt_id, body: { quantity: 1 } })
    await ask(removeLine, 409, { id: from, chrt_id })
    for (const state of cartStates) {
      const carts = await ask<Row[]>('GET /api/carts', 200, { query: `?state=${state}` })
      expect([state, carts.length > 0]).toEqual([state, true])
      for (const cart of carts) await ask('GET /api/carts/{id}', 200, { id: cart.id })
    }
  })

  test('of checkouts', async () => {
    const checkout = 'POST /api/carts/{id}/checkout'
    const { id, total: expected_total } = await readyCart()
    const pay = (method_token: string) => ({ payment: { provider: 'sandbox', method_token }, expected_total })
    await ask(checkout, 412, { id, body: pay('tok_approve'), headers: stale })
    await ask(checkout, 422, { id, body: { payment: { provider: 'nobody' }, expected_total } })
    await ask(checkout, 422, { id, body: pay('4242424242424242') })
    await ask(checkout, 409, { id: (await newCart()).id, body: pay('tok_approve') })
    await ask(checkout, 409, { id, body: { expected_total: expected_total + 1 } })
    await ask(checkout, 201, { id, body: { expected_total } })
    await ask(checkout, 200, { id, body: pay('tok_decline') })
    await ask(checkout, 409, { id, body: { ...pay('tok_approve'), expected_total: expected_total + 1 } })
    await ask(checkout, 200, { id, body: pay('tok_approve') })
    await ask('PATCH /api/carts/{id}', 409, { id, body: {} })
    const { id: waiting } = await readyCart()
    await ask(checkout, 201, { id: waiting, body: pay('tok_action') })
    for (const of of [id, waiting]) await ask('GET /api/carts/{id}/order', 200, { id: of })
    await ask('GET /api/carts/{id}/order/tracking-link', 200, { id })
    await ask('GET /api/carts/{id}/order/tracking-link', 404, { id: 'cart_nobody' })
    const cancel = 'POST /api/carts/{id}/order/cancel'
    await ask(cancel, 200, { id, body: { reason: 'too late' } })
    await ask(cancel, 404, { id: 'cart_nobody' })
    await ask(cancel, 422, { id, body: { reason: '4242 4242 4242 4242' } })
    const { id: sent, total } = await readyCart()
    const paid = { payment: { provider: 'sandbox', method_token: 'tok_approve' }, expected_total: total }
    const { order } = await ask<{ order: { order_uid: string; items: { rid: string }[] } }>(checkout, 201, {
      id: sent,
      body: paid,
    })
    const rids = order.items.map(({ rid }) => rid)
    const { id: shipment } = await ask<Row>('POST /api/orders/{id}/shipments', 201, {
      id: order.order_uid,
      body: { rids },
    })
    await ask('POST /api/shipments/{id}/ship', 200, { id: shipment })
    await ask(cancel, 409, { id: sent })
  })

  test('of the demo shop', async () => {
    const [item] = await ask<{ chrt_id: number }[]>('GET /api/shop/items', 200, { query: '?limit=100' })
    await ask('GET /api/shop/items/{chrt_id}', 200, { id: String(item?.chrt_id) })
    await ask('POST /api/shop/carts', 201, { body: { currency: 'EUR' } })
    await ask('POST /api/shop/demo-catalogue', 409, { body: {} })
    const empty = await createTestApp()
    await ask('POST /api/shop/demo-catalogue', 200, { of: empty, body: {} })
    await empty.close()
  })

  test('of commands', async () => {
    const { order_uid: id } = await ask<{ order_uid: string }>('POST /api/orders', 201, { body: newOrder() })
    const stale = { id, headers: { 'if-match': '"9"' } }
    await ask('POST /api/orders/{id}/hold', 200, { id, body: { reason: 'ask first' } })
    await ask('POST /api/orders/{id}/confirm', 412, stale)
    await ask('POST /api/orders/{id}/confirm', 200, { id })
    await ask('POST /api/orders/{id}/hold', 412, stale)
    await ask('POST /api/orders/{id}/cancel', 412, stale)
    await ask('POST /api/orders/{id}/complete', 412, stale)
    await ask('POST /api/orders/{id}/complete', 200, { id })
    await ask('POST /api/orders/{id}/confirm', 409, { id })
    await ask('POST /api/orders/{id}/hold', 409, { id })
    await ask('POST /api/orders/{id}/cancel', 409, { id })
    const { order_uid: other } = await ask<{ order_uid: string }>('POST /api/orders', 201, { body: newOrder() })
    await ask('POST /api/orders/{id}/cancel', 200, { id: other })
    await ask('POST /api/orders/{id}/complete', 409, { id: other })
  })

  test('of customers', async () => {
    const order = { ...newOrder(), customer_id: 'conforming' }
    const { order_uid: id } = order
    await ask('POST /api/orders', 201, { body: order })
    await ask('POST /api/orders/{id}/delivery', 200, { id, body: { city: 'Bonn', reason: 'moved', actor: 'ada' } })
    await ask('GET /api/orders/{id}/delivery', 200, { id })
    await ask('GET /api/customers/{id}/export', 200, { id: 'conforming' })
    await ask('POST /api/customers/{id}/erase', 200, { id: 'conforming', body: { reason: 'asked for' } })
    await ask('POST /api/customers/{id}/erase', 422, { id: 'conforming', body: { reason: '4111 1111 1111 1111' } })
    await ask('GET /api/customers/{id}/erasures', 200, { id: 'conforming' })
    await ask('GET /api/erasures/reach', 200)
    await ask('POST /api/orders/{id}/erase', 200, { id })
    await ask('GET /api/orders/{id}/erasures', 200, { id })
    await ask('POST /api/orders/{id}/delivery', 409, { id, body: { city: 'Bonn' } })
    await ask('GET /api/orders/{id}/delivery', 200, { id })
    await ask('GET /api/orders/{id}', 200, { id })
    await ask('GET /api/orders/{id}/events', 200, { id })
  })

  test('of events, in pages and live', async () => {
    const { order_uid: id } = await ask<{ order_uid: string }>('POST /api/orders', 201, { body: newOrder() })
    await ask('GET /api/events', 200)
    await ask('GET /api/events', 200, { query: '?limit=1&sort=newest' })
    await ask('GET /api/orders/{id}/events', 200, { id })
    for (const name of ['GET /api/events', 'GET /api/orders/{id}/events']) {
      await ask(name, 410, { id, query: '?after=1-1' })
      await ask(name, 406, { id, headers: { accept: 'text/html' } })
    }
    const headers = { accept: 'text/event-stream' }
    const { body } = await documented.send('GET /api/events', { headers, query: '?after=0-0' })
    const stream = body?.getReader() as BodyReader
    const open = new Set(['order.placed', 'order.on_hold', 'order.confirmed', 'order.cancelled'])
    for await (const { event = '', data } of framesOf(stream)) {
      if (data === undefined) continue
      documented.expectToKeep({ $ref: '#/components/schemas/Event' }, JSON.parse(data), data)
      documented.expectToKeep({ $ref: 'urn:shopping-cart:event:event.v1' }, JSON.parse(data), data)
      open.delete(event)
      if (open.size === 0) break
    }
    expect([...open]).toEqual([])
    await stream.cancel()
  })

  test('of webhooks', async () => {
    const deliveries = 'GET /api/webhooks/{id}/deliveries'
    for (const { id } of await ask<Row[]>('GET /api/webhooks', 200)) {
      await ask('GET /api/webhooks/{id}', 200, { id })
      for (const { id: delivery } of await ask<Row[]>(deliveries, 200, { id })) {
        await ask('GET /api/webhooks/{id}/deliveries/{delivery}', 200, { id, delivery })
      }
      for (const { id: delivery } of await ask<Row[]>(deliveries, 200, { id, query: '?order_uid=filled-1' })) {
        await ask('POST /api/webhooks/{id}/deliveries/{delivery}/redeliver', 200, { id, delivery })
      }
    }
    const body = { url: 'http://127.0.0.1:9/hook' }
    const { id } = await ask<Row>('POST /api/webhooks', 201, { body })
    await ask('POST /api/webhooks', 400, { body: { url: 'nowhere' } })
    await ask('PATCH /api/webhooks/{id}', 200, { id, body: { description: 'a test' } })
    await ask('POST /api/webhooks/{id}/rotate-secret', 200, { id })
    await ask('POST /api/webhooks/{id}/disable', 200, { id })
    await ask('POST /api/webhooks/{id}/enable', 200, { id })
    await ask('DELETE /api/webhooks/{id}', 204, { id })
    while ((await documented.send('POST /api/webhooks', { body })).status === 201);
    await ask('POST /api/webhooks', 409, { body })
    const ids = (await ask<Row[]>('GET /api/webhooks', 200)).slice(0, 40).map(webhook => webhook.id)
    await Promise.all(ids.map(id => ask('DELETE /api/webhooks/{id}', 204, { id })))
  })

  test('of dead letters', async () => {
    const listed = await ask<Row[]>('GET /api/dead-letters', 200)
    for (const { id } of listed) await ask('GET /api/dead-letters/{id}', 200, { id })
    await ask('GET /api/dead-letter-counts', 200)
    const headers: [Buffer, Buffer][] = [[Buffer.from('source'), Buffer.from('a test')]]
    const deadLetters = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['{"order_uid":7}', 'no JSON'], { headers })
    const command = { command_id: 'c-9', order_uid: 'filled-3', command: 'hold', version: 9 }
    const [late = ''] = await seedDeadLetters(t.pool, 'VERSION_STALE', [command])
    const [id = '', other = ''] = deadLetters
    await ask('POST /api/dead-letters/{id}/replay', 412, { id: late })
    await ask('POST /api/dead-letters/{id}/replay', 400, { id })
    await ask('POST /api/dead-letters/{id}/replay', 200, { id, body: { json: newOrder(), reason: 'mended' } })
    await ask('POST /api/dead-letters/{id}/replay', 409, { id })
    await ask('POST /api/dead-letters/{id}/discard', 400, { id: other })
    await ask('POST /api/dead-letters/replay', 200, { body: { topic: 'orders' } })
    await ask('GET /api/dead-letters/{id}', 200, { id: other })
    await ask('POST /api/dead-letters/{id}/discard', 200, { id: other, body: { reason: 'of no use' } })
    await ask('POST /api/dead-letters/{id}/discard', 409, { id: other, body: { reason: 'of no use' } })
    await ask('POST /api/dead-letters/discard', 200, { body: { topic: 'orders', reason: 'of no use' } })
    await ask('GET /api/dead-letters', 200)
  })

  test('of the system, and of API keys', async () => {
    await ask('GET /api/system', 200)
    const body = { name: 'a test', scopes: ['admin'] }
    const { id } = await ask<Row>('POST /api/keys', 201, { body })
    await ask('GET /api/keys', 200)
    await ask('DELETE /api/keys/{id}', 204, { id })
    await t.pool.query(`insert into api_keys (name, digest, scopes)
      select 'many', sha256(n::text::bytea), '{admin}' from generate_series(1, 1000) n`)
    await ask('POST /api/keys', 409, { body })
    await t.pool.query("delete from api_keys where name = 'many'")
  })
})

/** Bodies that operations take; those of other operations may have a reason. */
const bodies: Readonly<Record<string, () => unknown>> = {
  'POST /api/orders/{id}/delivery': () => ({ name: 'Bo' }),
  'POST /api/orders': newOrder,
  'POST /api/webhooks': () => ({ url: 'http://127.0.0.1:9/hook' }),
  'POST /api/webhooks/{id}/rotate-secret': () => ({}),
  'PATCH /api/webhooks/{id}': () => ({}),
  'POST /api/keys': () => ({ name: 'a test', scopes: ['admin'] }),
  'POST /api/orders/{id}/payments': () => ({ provider: 'sandbox' }),
  'POST /api/payments/{id}/records': () => ({ kind: 'capture' }),
  'POST /api/payment-issues/{id}/resolve': () => ({ action: 'dismiss', reason: 'known' }),
  'POST /api/stock/{chrt_id}/movements': () => ({ location: 'main', kind: 'received', quantity: 1 }),
  'POST /api/stock/{chrt_id}/count': () => ({ location: 'main', counted: 1 }),
  'POST /api/orders/{id}/shipments': () => ({ rids: ['none'] }),
  'POST /api/orders/{id}/returns': () => ({ rids: ['none'] }),
  'POST /api/returns/{id}/receive': () => ({ units: [{ rid: 'none', condition: 'restock' }] }),
  'POST /api/carts': () => ({ currency: 'USD' }),
  'PATCH /api/carts/{id}': () => ({}),
  'PUT /api/carts/{id}/lines/{chrt_id}': () => ({ quantity: 1 }),
  'POST /api/carts/{id}/merge': () => ({ from: 'cart_unknown', rule: 'sum' }),
  'POST /api/carts/{id}/checkout': () => ({ expected_total: 0 }),
  'POST /api/shop/carts': () => ({ currency: 'USD' }),
  'POST /api/deliveries/simulator': () => ({ tracking_number: 'SEEN1' }),
}

describe('errors match OpenAPI', () => {
  const allWith = (status: number) =>
    documented.operations.filter(([, statuses]) => statuses.includes(String(status))).map(([name]) => name)
  const bodyOf = (name: string) => bodies[name]?.() ?? { reason: 'asked for' }

  test('of every operation, without a key and without its scope', async () => {
    for (const name of allWith(401)) {
      await ask(name, 401, { of: t })
      await ask(name, 403, {
        of: /shipments|returns|deliveries|revoke/.test(name) ? strangers.shopper : strangers.courier,
      })
    }
  })

  test('of every operation, with a parameter that it does not have', async () => {
    for (const [name] of documented.operations) await ask(name, 400, { query: '?unknown=1', body: {} })
  })

  test('of every operation, for an unknown resource', async () => {
    for (const name of allWith(404))
      await ask(name, 404, { id: '999999999', delivery: '999999999', body: bodyOf(name), headers: newKey() })
  })

  test('of every operation that takes a body, when it is too large or of another type', async () => {
    for (const name of allWith(413))
      await ask(name, 413, { provider: 'sandbox', carrier: 'generic', body: 'x'.repeat(4 * 1024 * 1024 + 1) })
    for (const name of allWith(415)) await ask(name, 415, { body: 'x', headers: { 'content-type': 'text/plain' } })
  })

  test('of every operation that honours an Idempotency-Key, when another request uses it or used it', async () => {
    for (const name of documented.idempotent) {
      const key = crypto.randomUUID()
      const body = JSON.stringify(bodyOf(name))
      const asked: Asked = { id: '999999999', delivery: '999999999', headers: { 'idempotency-key': key } }
      await documented.send(name, { ...asked, body })
      await ask(name, 422, { ...asked, body: `${body} ` })
      // As if the first were still running.
      await t.pool.query(
        `with answer as (delete from idempotency_answers where key = $1 returning scope, key, fingerprint)
         insert into idempotency_claims (scope, key, fingerprint, claim, claimed_until)
         select *, gen_random_uuid(), now() + interval '1 hour' from answer
             on conflict (scope, key) do update set claimed_until = excluded.claimed_until`,
        [key],
      )
      await ask(name, 409, { ...asked, body })
    }
  })
})

/** What comes of faults and of locks, of the last key of a service that others can reach, and of events that are signed: other tests do. */
const metElsewhere = [
  'DELETE /api/keys/{id} 409',
  'POST /api/customers/{id}/erase 202',
  'POST /api/orders/{id}/erase 202',
  'POST /api/payments/webhooks/{provider} 200',
  'PUT /api/locations/{location} 409',
  'GET /api/track/{number} 429',
  'GET /api/track/orders/{token} 429',
]
const notMet = (answer: string) => /500$|503$|default$/.test(answer) || metElsewhere.includes(answer)

test('every operation was called, and every documented response seen that needs no fault', () => {
  const answers = documented.operations.flatMap(([name, statuses]) => statuses.map(status => `${name} ${status}`))
  expect(answers.filter(answer => !notMet(answer) && !documented.met.has(answer))).toEqual([])
})
