import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, spyOn, test } from 'bun:test'
import { appOn, createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { parcelOrder, shipping } from '../../test/shipments.ts'
import { deliveriesApi } from '../deliveries/module.ts'
import type { TrackedOrder, TrackingLink } from './views.ts'

/** Where an order's parcels are, for anybody who has its link. */

setDefaultTimeout(30_000)

let t: TestApp
let s: ReturnType<typeof shipping>
let shiftMs = 0
let authorization: string
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createTestApp({ now })
  const scopes = ['orders:read', 'orders:write', 'deliveries:write', 'admin']
  const response = await t.call('POST', '/api/keys', { body: { name: 'admin', scopes } })
  // From now on others need a key.
  authorization = `Bearer ${((await response.json()) as { key: string }).key}`
  const call: TestApp['call'] = (method, path, { headers = {}, ...options } = {}) =>
    t.call(method, path, { ...options, headers: { authorization, ...headers } })
  s = shipping({ ...t, call })
})
afterEach(async () => {
  shiftMs = 0
  expect(await brokenRules(t.pool, now())).toEqual([])
})
afterAll(() => t.close())

const linkOf = async (uid: string) => (await s.ask<TrackingLink>('GET', `/api/orders/${uid}/tracking-link`)).body

/** What somebody without a key is shown. */
async function open(token: string | undefined) {
  const response = await t.call('GET', `/api/track/orders/${token}`)
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as TrackedOrder & { request_id?: string } }
}

async function report(number: string, status: string, more: object = {}): Promise<void> {
  const local = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
  const checkpoint = { code: status, status, occurred_local: local, zone: '+00:00', place: 'Lyon, FR', ...more }
  const body = { tracking_number: number, carrier: 'dhl', checkpoints: [checkpoint] }
  expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body })).status).toBe(200)
}

test('an order in two parcels is shown with both timelines and what is still to be shipped, to anybody with its link', async () => {
  const order = await s.place(parcelOrder([1, 2, 3, 4]))
  const { token, path } = await linkOf(order.order_uid)
  expect(path).toBe(`/track/${token}`)
  expect(Buffer.from(token, 'base64url').byteLength).toBeGreaterThanOrEqual(16 + order.order_uid.length)
  expect((await open(token)).body).toEqual({
    ...{ ordered_at: order.date_created, delivery_status: 'unfulfilled', cancelled: false },
    ...{ units: 4, units_waiting: 4, shipments: [], has_more: false },
  })
  const said = { carrier: 'dhl', promised_by: '2026-01-01T10:00:00Z', tracking_numbers: [{ number: 'GO 1' }] }
  const first = await s.plan(order, [0, 1], said)
  const back = [{ number: 'BACK3', role: 'return' }]
  const second = await s.plan(order, [2], { tracking_numbers: [{ number: 'GO-2' }, ...back] })
  const third = await s.plan(order, [3])
  await s.act(third.id, 'cancel')
  await s.act(first.id, 'ship')
  await report('GO1', 'in_transit')
  await s.act(second.id, 'ship')
  await report('GO2', 'delivered', { occurred_local: '2026-11-01T10:00:00', zone: undefined })
  await deliveriesApi.of(t.app.context).noticeDelays()
  const { body } = await open(token)
  expect(body).toMatchObject({ delivery_status: 'partially_delivered', units: 4, units_waiting: 1 })
  expect(body.shipments.map(({ state, units, late, status }) => [state, units, late, status])).toEqual([
    ['shipped', 2, true, 'in_transit'],
    ['delivered', 1, false, 'delivered'],
  ])
  const shown = body.shipments.flatMap(({ parcels }) => parcels)
  expect(
    shown.map(({ tracking_number, role, status, checkpoints }) => [tracking_number, role, status, checkpoints.length]),
  ).toEqual([
    ['GO1', 'main', 'in_transit', 1],
    ['BACK3', 'return', 'unknown', 0],
    ['GO2', 'main', 'delivered', 1],
  ])
  expect(shown[2]?.checkpoints[0]).toMatchObject({
    occurred_local: '2026-11-01T10:00:00',
    occurred_at: null,
    place: 'Lyon, FR',
  })
})

test('nothing of the recipient, of people or of money is shown, whatever carriers and operators say', async () => {
  const secrets = {
    name: 'Ada Lovelace',
    phone: '+44207946',
    zip: 'SW1A-2AA',
    address: 'Hidden Lane',
    email: 'ada@secret.example',
  }
  const template = parcelOrder([1], { tracks: ['LEAK1'] })
  const order = await s.place({
    ...template,
    delivery: { ...template.delivery, ...secrets },
    customer_id: 'lovelace-7',
  })
  const { id } = await s.plan(order, [0], { reason: 'for Ada', actor: 'Charles', location: 'main' })
  await s.act(id, 'update', {
    tracking_numbers: [{ number: 'LEAK1', url: 'https://carrier.example/?zip=SW1A-2AA' }],
    actor: 'Charles',
  })
  const place = 'Hidden Lane 1, 10115 Berlin, London, SW1A-2AA, GB'
  await report('LEAK1', 'out_for_delivery', { place, text: 'Left with Ada Lovelace', reason: 'consignee_absent' })
  const { text } = await open((await linkOf(order.order_uid)).token)
  expect(text).toContain('"place":"London, GB"')
  const [item] = order.items
  const hidden = [
    ...Object.values(secrets),
    order.order_uid,
    'lovelace-7',
    id,
    'Ada',
    'Charles',
    'Left',
    'Lane',
    '10115',
  ]
  for (const secret of [
    ...hidden,
    item?.name,
    item?.rid,
    order.payment.transaction,
    'amount',
    'price',
    'carrier.example',
  ])
    expect([secret, text.includes(secret ?? '?')]).toEqual([secret, false])
})

test('links that nobody has made, that were revoked, that have expired and those of erased customers are answered alike', async () => {
  const place = async (customer: string) => (await s.place({ ...parcelOrder([1]), customer_id: customer })).order_uid
  const [revoked, erased, over, open_] = [
    await place('c-1'),
    await place('c-erased'),
    await place('c-1'),
    await place('c-1'),
  ]
  const links = await Promise.all([revoked, erased, over].map(async uid => (await linkOf(uid)).token))
  const kept = (await linkOf(open_)).token
  for (const token of [...links, kept]) expect((await open(token)).status).toBe(200)

  const path = `/api/orders/${revoked}/tracking-link/revoke`
  const key = { 'idempotency-key': 'revoke-1' }
  const { body: next } = await s.ask<TrackingLink>('POST', path, { reason: 'forwarded', actor: 'bo' }, key)
  expect((await s.ask<TrackingLink>('POST', path, { reason: 'forwarded', actor: 'bo' }, key)).body).toEqual(next)
  expect((await open(next.token)).status).toBe(200)
  expect(await linkOf(revoked)).toEqual(next)
  expect((await s.ask('POST', '/api/customers/c-erased/erase', { reason: 'asked', actor: 'bo' })).status).toBe(200)
  await s.ask('POST', `/api/orders/${over}/cancel`)
  shiftMs = 91 * 86_400_000

  const answers = await Promise.all([...links, 'A'.repeat(43), 'x', '%00', '..%2F'].map(open))
  for (const { status, body } of answers) {
    expect(status).toBe(404)
    expect({ ...body, request_id: '' }).toEqual({ ...(answers[0]?.body ?? body), request_id: '' })
  }
  expect((await open(kept)).status).toBe(200)
  for (const uid of [erased, over, 'nobody'])
    expect((await s.ask('GET', `/api/orders/${uid}/tracking-link`)).status).toBe(404)
  expect((await s.ask('POST', '/api/orders/nobody/tracking-link/revoke')).status).toBe(404)
  for (const path of [`/api/orders/${revoked}/tracking-link`, '/api/carts/cart_x/order/tracking-link'])
    expect((await t.call('GET', path)).status).toBe(401)
})

test('a link that was revoked costs the same look-up as one that nobody has made', async () => {
  const { order_uid: uid } = await s.place(parcelOrder([1]))
  const { token } = await linkOf(uid)
  await s.ask('POST', `/api/orders/${uid}/tracking-link/revoke`)
  const query = spyOn(t.pool, 'query')
  const texts: unknown[][] = []
  for (const asked of [token, 'B'.repeat(token.length)]) {
    query.mockClear()
    expect((await open(asked)).status).toBe(404)
    texts.push(query.mock.calls.map(([text]) => text))
  }
  query.mockRestore()
  expect(texts[0]).toHaveLength(1)
  expect(texts[1]).toEqual(texts[0] ?? [])
})

test('whoever tries out links is slowed down, and blocks nobody who has one', async () => {
  const { token } = await linkOf((await s.place(parcelOrder([1]))).order_uid)
  const tried = await Promise.all(Array.from({ length: 400 }, (_, index) => open(`guess-${index}-${'A'.repeat(20)}`)))
  expect(new Set(tried.map(({ status }) => status))).toEqual(new Set([404, 429]))
  expect((await open(token)).status).toBe(200)
})

test('the secret is one for all instances and survives a restart; without it no link opens', async () => {
  const { token } = await linkOf((await s.place(parcelOrder([1]))).order_uid)
  const other = appOn(t.pool)
  const ask = () => other.fetch(new Request(`http://localhost/api/track/orders/${token}`))
  expect((await ask()).status).toBe(200)
  await t.pool.query("update tracking_link_secret set secret = sha256('another')")
  for (const { onRestored } of other.running) onRestored?.()
  expect((await ask()).status).toBe(404)
})
