import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { parcelOrder, type ShownShipment, shipping } from '../../test/shipments.ts'
import { testLog } from '../../test/kafka.ts'
import { expireSilent } from '../tracking/silence.ts'
import { deliveriesApi } from './module.ts'

/** Shipments follow their parcels, and the clock. */

setDefaultTimeout(30_000)

let t: TestApp
let s: ReturnType<typeof shipping>
let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createTestApp({ now })
  s = shipping(t)
})

afterEach(async () => {
  expect(await brokenRules(t.pool, now())).toEqual([])
})

afterAll(() => t.close())

let series = 0
/** Another tracking number, of no form that has a check digit. */
const nextNumber = () => {
  series += 1
  return `PARCEL${series}`
}

/** Reports of the carrier, in the order in which they happened. */
async function report(number: string, statuses: readonly string[], more: object = {}): Promise<void> {
  const checkpoints = statuses.map((status, index) => ({
    ...{ code: status, status, zone: '+00:00', place: 'Lyon' },
    occurred_local: new Date(Date.now() - 86_400_000 + index * 60_000).toISOString().slice(0, 19),
  }))
  const body = { tracking_number: number, checkpoints, ...more }
  expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body })).status).toBe(200)
}

/** An order of one unit in a shipment that has left, under a number. */
async function underWay(numbers: readonly object[] = [{ number: nextNumber() }]) {
  const order = await s.place(parcelOrder([1]))
  const { id } = await s.plan(order, [0], { tracking_numbers: numbers })
  await s.act(id, 'ship')
  return { id, uid: order.order_uid }
}

test('what the carrier says is told of the shipment, and its delivery completes the order', async () => {
  const number = nextNumber()
  const { id, uid } = await underWay([{ number }])
  await report(number, ['picked_up', 'in_transit'], { estimated_delivery_at: '2030-05-06T10:00:00Z' })
  const moving = await s.ask<ShownShipment & { estimates: { source: string }[] }>('GET', `/api/shipments/${id}`)
  expect(moving.body).toMatchObject({
    ...{ state: 'shipped', tracking_status: 'in_transit', estimated_delivery_at: '2030-05-06T10:00:00.000Z' },
    tracking_numbers: [{ status: 'in_transit' }],
    estimates: [{ source: 'carrier' }],
  })
  await report(number, ['picked_up', 'in_transit', 'delivered'])
  await report(number, ['picked_up', 'in_transit', 'delivered'])
  expect(await s.shown(id)).toMatchObject({ state: 'delivered', tracking_status: 'delivered' })
  expect(await s.orderState(uid)).toBe('completed paid delivered')
  const after = ['shipment.shipped', 'shipment.updated', 'order.completed', 'shipment.delivered']
  expect((await s.events(uid)).slice(-4)).toEqual(after)
})

test('what was reported before the shipment has the number is taken over; what had arrived then arrives when it leaves', async () => {
  const [early, planned] = [nextNumber(), nextNumber()]
  await report(early, ['in_transit', 'delivered'])
  const order = await s.place(parcelOrder([1, 2], { tracks: [planned, 'made up: №1'] }))
  const { body } = await s.ask<ShownShipment[]>('GET', `/api/orders/${order.order_uid}/shipments`)
  const [first, second] = [0, 1].map(line => body.find(({ rids }) => rids[0] === order.items[line]?.rid)?.id ?? '')
  await report(planned, ['in_transit'])
  expect(await s.shown(first ?? '')).toMatchObject({ state: 'planned', tracking_status: 'in_transit' })
  await s.act(second ?? '', 'update', { tracking_numbers: [{ number: early, role: 'last_mile' }] })
  expect(await s.shown(second ?? '')).toMatchObject({ state: 'planned', tracking_status: 'delivered' })
  await s.act(second ?? '', 'ship')
  expect(await s.shown(second ?? '')).toMatchObject({ state: 'delivered' })
  expect(await s.orderState(order.order_uid)).toBe('confirmed paid partially_delivered')
  const late = await s.place(parcelOrder([1, 2], { tracks: [early, nextNumber()] }))
  const plans = await s.ask<ShownShipment[]>('GET', `/api/orders/${late.order_uid}/shipments`)
  expect(plans.body.map(({ tracking_status: status }) => status).toSorted()).toEqual(['delivered', null])
})

test('a shipment of two parcels has arrived when both have; the way back is no arrival', async () => {
  const [one, other, back] = [nextNumber(), nextNumber(), nextNumber()]
  const { id } = await underWay([{ number: one }, { number: other }, { number: back, role: 'return' }])
  await report(one, ['delivered'])
  await report(back, ['in_transit'])
  expect(await s.shown(id)).toMatchObject({ state: 'shipped', tracking_status: null })
  await report(other, ['in_transit'])
  expect(await s.shown(id)).toMatchObject({ state: 'shipped', tracking_status: 'in_transit' })
  await report(other, ['in_transit', 'delivered'])
  expect(await s.shown(id)).toMatchObject({ state: 'delivered' })

  const refused = nextNumber()
  const returning = await underWay([{ number: refused }])
  await report(refused, ['out_for_delivery', 'return_to_sender', 'delivered'])
  expect(await s.shown(returning.id)).toMatchObject({ state: 'shipped', tracking_status: 'return_to_sender' })
  expect((await s.act(returning.id, 'cancel', { reason: 'it came back' })).body.state).toBe('cancelled')
  expect(await s.orderState(returning.uid)).toBe('confirmed paid unfulfilled')
})

test('a broken promise is told once, by whichever instance; a new promise can be broken again', async () => {
  const { id, uid } = await underWay()
  const { noticeDelays } = deliveriesApi.of(t.app.context)
  await s.act(id, 'update', { promised_by: new Date(now() + 60_000).toISOString() })
  expect(await noticeDelays()).toEqual({ told: 0, looked: 0 })
  shiftMs += 61_000
  const told = await Promise.all([noticeDelays(), noticeDelays(), noticeDelays()])
  expect(told.reduce((sum, one) => sum + one.told, 0)).toBe(1)
  expect(await noticeDelays()).toEqual({ told: 0, looked: 0 })
  const late = await s.ask<ShownShipment[]>('GET', '/api/shipments?late=true')
  expect(late.body.map(one => [one.id, one.late])).toEqual([[id, true]])
  await s.act(id, 'update', { promised_by: new Date(now() + 60_000).toISOString() })
  expect((await s.ask<ShownShipment[]>('GET', '/api/shipments?late=true')).body).toEqual([])
  shiftMs += 61_000
  await noticeDelays()
  expect((await s.events(uid)).filter(type => type === 'shipment.delayed')).toHaveLength(2)
  await s.act(id, 'deliver')
  expect((await s.ask<ShownShipment[]>('GET', '/api/shipments?late=true')).body).toEqual([])
})

test('a shipment without news for too long is silent until the carrier says something', async () => {
  const number = nextNumber()
  const { id } = await underWay([{ number }])
  shiftMs += 120_000
  const parts = () => t.app.running.flatMap(({ tracking = [] }) => tracking)
  const options = { pool: t.pool, now, isClockRight: () => true, silentDays: 1 / (24 * 60), parts, log: testLog }
  await expireSilent({ ...options, onCommitted: () => undefined })
  const silent = await s.ask<ShownShipment[]>('GET', '/api/shipments?silent=true')
  expect(silent.body.find(one => one.id === id)).toMatchObject({ silent: true, tracking_status: 'expired' })
  await report(number, ['in_transit'])
  expect(await s.shown(id)).toMatchObject({ silent: false, tracking_status: 'in_transit' })
})

test('orders are found by any number of their parcels, however it is written', async () => {
  const number = `1Z ${nextNumber()}`
  const order = await s.place(parcelOrder([1]))
  const { id } = await s.plan(order, [0])
  await s.act(id, 'update', { tracking_numbers: [{ number, role: 'last_mile' }] })
  const written = [number, number.replace(' ', '').toLowerCase()]
  const found = async (query: string) =>
    (await s.ask<{ order_uid: string }[]>('GET', `/api/orders?${query}`)).body.map(one => one.order_uid)
  for (const text of [...written, order.track_number].map(encodeURIComponent)) {
    for (const name of ['track_number', 'q'])
      expect([name, text, await found(`${name}=${text}`)]).toEqual([name, text, [order.order_uid]])
    expect(await found(`track_number=${text}&status=cancelled`)).toEqual([])
    expect(await found(`track_number=${text}&q=${order.order_uid}`)).toEqual([order.order_uid])
  }
  const listed = await s.ask<ShownShipment[]>('GET', `/api/shipments?tracking_number=${written[1]}`)
  expect(listed.body.map(one => one.id)).toEqual([id])
})
