import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { parcelOrder, shipping } from '../../test/shipments.ts'
import { stockOf } from '../../test/stock.ts'

/** Shipments of orders, from their plan to their arrival, with the stock of their units. */

setDefaultTimeout(30_000)

let t: TestApp
let s: ReturnType<typeof shipping>

beforeAll(async () => {
  t = await createTestApp()
  s = shipping(t)
  await t.call('PUT', '/api/locations/north', { body: { priority: 9 } })
})

afterEach(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
})

afterAll(() => t.close())

let item = 700_000
const nextItem = () => {
  item += 1
  return item
}

test('units go out in two parcels: stock leaves where it is reserved, and the order follows its units', async () => {
  const [lamp, mug] = [await s.stock(nextItem(), { main: 5 }), await s.stock(nextItem(), { main: 3 })]
  const order = await s.place(parcelOrder([lamp, lamp, mug]))
  const { order_uid: uid } = order
  const first = await s.plan(order, [0, 2], {
    carrier: 'ups',
    tracking_numbers: [{ number: '1Z999AA10123456784' }, { number: 'RR123456789CH', role: 'last_mile' }],
  })
  expect(first).toMatchObject({ state: 'planned', rids: [`${uid}-0`, `${uid}-2`], version: 1 })
  expect(first.tracking_numbers.map(({ check }) => check)).toEqual(['valid', 'invalid'])
  expect(await s.orderState(uid)).toBe('confirmed paid unfulfilled')

  expect(await s.act(first.id, 'pack')).toMatchObject({ status: 200, body: { state: 'packed' } })
  const shipped = await s.act(first.id, 'ship', { actor: 'ada' })
  expect(shipped.body).toMatchObject({ state: 'shipped', location: null, units: [{ shipped_from: 'main' }, {}] })
  expect([await stockOf(t.pool, lamp), await stockOf(t.pool, mug)]).toEqual([{ main: '4/1' }, { main: '2/0' }])
  expect(await s.orderState(uid)).toBe('confirmed paid partially_shipped')

  const second = await s.plan(order, [1])
  expect((await s.act(second.id, 'ship')).body.state).toBe('shipped')
  expect(await s.orderState(uid)).toBe('confirmed paid shipped')
  expect((await s.act(first.id, 'deliver')).body.state).toBe('delivered')
  expect(await s.orderState(uid)).toBe('confirmed paid partially_delivered')
  expect((await s.act(second.id, 'deliver')).body.state).toBe('delivered')
  expect(await s.orderState(uid)).toBe('completed paid delivered')
  expect(await stockOf(t.pool, lamp)).toEqual({ main: '3/0' })
  expect(await s.events(uid)).toEqual([
    'order.placed',
    'shipment.created',
    'shipment.packed',
    'order.delivery_status_changed',
    'shipment.shipped',
    'shipment.created',
    'order.delivery_status_changed',
    'shipment.shipped',
    'order.delivery_status_changed',
    'shipment.delivered',
    'order.completed',
    'shipment.delivered',
  ])
})

test('a unit is in one live shipment: of two that want it at once one gets it, and what is cancelled frees it', async () => {
  const order = await s.place(parcelOrder([1, 2]))
  const body = { rids: [order.items[0]?.rid] }
  const asked = await Promise.all([1, 2, 3].map(() => s.ask('POST', `/api/orders/${order.order_uid}/shipments`, body)))
  expect(asked.map(({ status }) => status).toSorted()).toEqual([201, 409, 409])
  expect(asked.find(({ status }) => status === 409)?.body.code).toBe('SHIPMENT_UNIT_TAKEN')
  const [first] = (await s.ask<{ id: string }[]>('GET', `/api/orders/${order.order_uid}/shipments`)).body
  expect((await s.act(first?.id ?? '', 'cancel')).body.state).toBe('cancelled')
  await s.plan(order, [0, 1])
})

test('two people ship at once: one event, one movement, both are told that it is shipped', async () => {
  const chrtId = await s.stock(nextItem(), { main: 2 })
  const order = await s.place(parcelOrder([chrtId]))
  const { id } = await s.plan(order, [0])
  const key = { 'idempotency-key': crypto.randomUUID() }
  const answers = await Promise.all([
    s.act(id, 'ship'),
    s.act(id, 'ship'),
    ...[1, 2].map(() => s.ask('POST', `/api/shipments/${id}/ship`, {}, key)),
  ])
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3)
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '1/0' })
  expect((await s.events(order.order_uid)).filter(type => type === 'shipment.shipped')).toHaveLength(1)
})

test('two people on two instances want the same units at once: they are planned once, and leave once', async () => {
  const others = shipping(await createTestApp({ pool: t.pool }))
  const chrtId = await s.stock(nextItem(), { main: 16 })
  const orders = await Promise.all(Array.from({ length: 8 }, () => s.place(parcelOrder([chrtId, chrtId]))))
  await Promise.all(
    orders.map(async order => {
      const { order_uid: uid, items } = order
      const rids = items.map(({ rid }) => rid)
      const plan = (of: typeof s, wanted: typeof rids) =>
        of.ask('POST', `/api/orders/${uid}/shipments`, { rids: wanted })
      const planned = await Promise.all([plan(s, rids), plan(others, rids.toReversed()), plan(others, rids.slice(1))])
      // Both units, or the one that somebody was first for, and the other one is free.
      const made = planned.flatMap(({ status, body }) => (status === 201 ? [body] : []))
      expect(planned.filter(({ body }) => body.code === 'SHIPMENT_UNIT_TAKEN').length).toBe(2)
      expect(made.length).toBe(1)
      const id = made[0]?.id ?? ''
      const shipped = await Promise.all([s, others, s, others].map(of => of.act(id, 'ship')))
      expect(shipped.map(({ status, body }) => [status, body.state, body.version])).toEqual(
        Array.from({ length: 4 }, () => [200, 'shipped', 2]),
      )
      expect((await s.events(uid)).filter(type => type === 'shipment.shipped')).toHaveLength(1)
      if (made[0]?.rids.length === 1) await s.act((await s.plan(order, [0])).id, 'ship')
    }),
  )
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '0/0' })
})

test('a shipment that is cancelled under way brings its stock back to where it was taken, reserved while the order wants it', async () => {
  const chrtId = await s.stock(nextItem(), { main: 1, north: 3 })
  const order = await s.place(parcelOrder([chrtId, chrtId]))
  // One location has both.
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '1/0', north: '3/2' })
  const { id } = await s.plan(order, [0, 1])
  await s.act(id, 'ship')
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '1/0', north: '1/0' })
  expect((await s.act(id, 'cancel', { reason: 'it came back' })).body.state).toBe('cancelled')
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '1/0', north: '3/2' })
  expect(await s.orderState(order.order_uid)).toBe('confirmed paid unfulfilled')
  const again = await s.plan(order, [0, 1])
  await s.act(again.id, 'ship')
  await t.call('POST', `/api/orders/${order.order_uid}/cancel`, { body: { reason: 'lost' } })
  await s.act(again.id, 'cancel')
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '1/0', north: '3/0' })
})

test('what is reserved elsewhere leaves from a location only when it is reallocated', async () => {
  const chrtId = await s.stock(nextItem(), { main: 3, north: 2 })
  const order = await s.place(parcelOrder([chrtId, chrtId]))
  const { id } = await s.plan(order, [0])
  const refused = await s.act(id, 'ship', { location: 'north' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'STOCK_ELSEWHERE' } })
  expect(refused.body.detail).toContain('main')
  const shipped = await s.act(id, 'ship', { location: 'north', reallocate: true })
  expect(shipped.body).toMatchObject({ location: 'north', units: [{ shipped_from: 'north' }] })
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '3/1', north: '1/0' })
  const rest = await s.plan(order, [1], { location: 'north' })
  await s.act(rest.id, 'ship', { location: 'north', reallocate: true })
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '3/0', north: '0/0' })
  await s.act(rest.id, 'cancel')
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '3/0', north: '1/1' })
  const { order_uid: uid } = await s.place(parcelOrder([chrtId]))
  const third = await s.plan(
    { ...order, order_uid: uid, items: [{ ...order.items[0], rid: `${uid}-0` }] as never },
    [0],
  )
  const missing = await s.act(third.id, 'ship', { location: 'north', reallocate: true })
  expect(missing).toMatchObject({ status: 409, body: { code: 'STOCK_INSUFFICIENT' } })
})

test('what is not paid is not shipped, unless it is authorized or the service is set so', async () => {
  const order = await s.place(parcelOrder([1], { isPaid: false }))
  const { id } = await s.plan(order, [0])
  expect(await s.act(id, 'ship')).toMatchObject({ status: 409, body: { code: 'SHIPMENT_UNPAID' } })
  await t.call('POST', `/api/orders/${order.order_uid}/confirm`, { body: { reason: 'on account' } })
  expect(await s.act(id, 'ship')).toMatchObject({ status: 409, body: { code: 'SHIPMENT_UNPAID' } })
  const manual = { provider: 'manual', capture: 'manual' }
  const paying = await s.ask('POST', `/api/orders/${order.order_uid}/payments`, manual, { 'idempotency-key': 'cash' })
  expect(paying.status).toBe(201)
  expect(await s.orderState(order.order_uid)).toBe('confirmed authorized unfulfilled')
  expect((await s.act(id, 'ship')).body.state).toBe('shipped')

  const lenient = await createTestApp({ env: { SHIP_UNPAID: 'true' } })
  const trusted = shipping(lenient)
  const unpaid = await trusted.place(parcelOrder([1], { isPaid: false }))
  const planned = await trusted.plan(unpaid, [0])
  expect(await trusted.act(planned.id, 'ship')).toMatchObject({ status: 409, body: { code: 'SHIPMENT_ORDER_REFUSED' } })
  await lenient.call('POST', `/api/orders/${unpaid.order_uid}/confirm`, { body: {} })
  expect((await trusted.act(planned.id, 'ship')).body.state).toBe('shipped')
  await lenient.close()
})

test('an order with several track_numbers gets a planned shipment for each; they go with the order', async () => {
  const order = await s.place(parcelOrder([1, 2, 3], { tracks: ['TRACK-A', 'TRACK-B', 'TRACK-A'] }))
  const { body } = await s.ask<(typeof planned)[]>('GET', `/api/orders/${order.order_uid}/shipments`)
  const planned = await s.shown(body.find(({ rids }) => rids.length === 2)?.id ?? '')
  expect(planned).toMatchObject({ state: 'planned', tracking_numbers: [{ number: 'TRACK-A' }] })
  expect(body.map(({ rids }) => rids.length).toSorted()).toEqual([1, 2])
  const found = await s.ask<(typeof planned)[]>('GET', '/api/shipments?tracking_number=TRACK-B')
  expect(found.body.map(({ order_uid: uid }) => uid)).toEqual([order.order_uid])
  const ofTwo = await s.ask<(typeof planned)[]>('GET', `/api/shipments?order_uid=nobody,${order.order_uid}`)
  expect(ofTwo.body).toHaveLength(2)
  await s.act(planned.id, 'ship')
  await t.call('POST', `/api/orders/${order.order_uid}/cancel`, { body: { reason: 'changed their mind' } })
  const after = await s.ask<(typeof planned)[]>('GET', `/api/orders/${order.order_uid}/shipments`)
  expect(after.body.map(({ state }) => state).toSorted()).toEqual(['cancelled', 'shipped'])
})

test('a state that forbids a command refuses it, and the same command again changes nothing', async () => {
  const order = await s.place(parcelOrder([1]))
  const { id } = await s.plan(order, [0])
  expect(await s.act(id, 'deliver')).toMatchObject({ status: 409, body: { code: 'SHIPMENT_STATE_REFUSED' } })
  await s.act(id, 'pack')
  expect((await s.act(id, 'pack')).body).toMatchObject({ state: 'packed', version: 2 })
  await t.call('POST', `/api/orders/${order.order_uid}/hold`, { body: {} })
  expect(await s.act(id, 'ship')).toMatchObject({ status: 409, body: { code: 'SHIPMENT_ORDER_REFUSED' } })
  await t.call('POST', `/api/orders/${order.order_uid}/confirm`, { body: {} })
  await s.act(id, 'ship')
  await s.act(id, 'deliver')
  for (const action of ['pack', 'ship', 'cancel'])
    expect(await s.act(id, action)).toMatchObject({ status: 409, body: { code: 'SHIPMENT_STATE_REFUSED' } })
  const late = { rids: [order.items[0]?.rid] }
  expect(await s.ask('POST', `/api/orders/${order.order_uid}/shipments`, late)).toMatchObject({
    ...{ status: 409, body: { code: 'SHIPMENT_ORDER_REFUSED' } },
  })
})

test('bad requests are refused with every violation, and nothing is stored', async () => {
  const order = await s.place(parcelOrder([1, 2]))
  const create = (body: object) =>
    s.ask<{ errors: { pointer: string }[] }>('POST', `/api/orders/${order.order_uid}/shipments`, body)
  const wrong = await create({
    ...{ rids: [], location: 'no such place', promised_by: '2026-02-30T00:00:00Z', x: 1 },
    tracking_numbers: [
      { number: 'A' },
      { number: 'A' },
      { number: '\u0000' },
      { number: 'B', url: 'javascript:alert(1)' },
    ],
  })
  expect(wrong.status).toBe(400)
  expect([...new Set(wrong.body.errors.map(({ pointer }) => pointer))].toSorted()).toEqual([
    ...['/location', '/promised_by', '/rids', '/tracking_numbers/1/number', '/tracking_numbers/2/number'],
    ...['/tracking_numbers/3/url', '/x'],
  ])
  expect((await create({ rids: ['none', 'none'] })).body.errors).toHaveLength(2)
  expect((await create({ rids: [order.items[0]?.rid, order.items[0]?.rid] })).status).toBe(400)
  expect((await create({ rids: [order.items[0]?.rid], location: 'nowhere' })).body.errors).toMatchObject([
    { pointer: '/location' },
  ])
  expect((await s.ask('GET', '/api/shipments/shp_none')).status).toBe(404)
  expect((await s.act('shp_aaaaaaaaaaaaaaaaaaaaaaaa', 'ship')).body.code).toBe('SHIPMENT_NOT_FOUND')
  expect((await s.ask('GET', '/api/orders/none/shipments')).status).toBe(404)
  expect((await s.ask('GET', '/api/shipments?state=lost&late=no')).status).toBe(400)
  expect((await s.ask<unknown[]>('GET', `/api/orders/${order.order_uid}/shipments`)).body).toEqual([])
})
