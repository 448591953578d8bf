import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp, paymentActions } from '../../test/payments.ts'
import { returning } from '../../test/returns.ts'
import { parcelOrder } from '../../test/shipments.ts'
import { stockOf } from '../../test/stock.ts'
import type { ReturnHooks } from './hooks.ts'
import type { ReturnView } from './views.ts'

/** Returns of orders, from their request to their refund, with the stock of their units and the money of their payments. */

setDefaultTimeout(30_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let r: ReturnType<typeof returning>
let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createPaymentApp({ now })
  r = returning(t)
  await t.call('PUT', '/api/locations/north', { body: { priority: 9 } })
})

afterEach(async () => {
  t.app.cache.clear()
  expect(await brokenRules(t.pool)).toEqual([])
})

afterAll(() => t.close())

let item = 800_000
const nextItem = () => {
  item += 1
  return item
}

/** An order of units at 100, which is paid in the sandbox, shipped and delivered. */
async function delivered(chrtIds: readonly number[], more: { delivery?: number; token?: string } = {}) {
  const { delivery = 0, token = 'tok_approve' } = more
  const plain = parcelOrder(chrtIds, { isPaid: false })
  const { payment } = plain
  const order = { ...plain, payment: { ...payment, delivery_cost: delivery, amount: payment.goods_total + delivery } }
  await r.place(order)
  await t.pay(order.order_uid, { method_token: token })
  await r.send(order)
  return order
}

const inHeaders = (key: string) => ({ 'idempotency-key': key })
const refundedOf = async (uid: string) =>
  (await t.read<{ amounts: { refunded: number } }[]>(`/api/orders/${uid}/payments`)).map(one => one.amounts.refunded)

test('three units come back in two parcels: one is sold again, one is damaged, one is missing; what came back is refunded', async () => {
  const lamp = await r.stock(nextItem(), { main: 5 })
  const order = await delivered([lamp, lamp, lamp], { delivery: 50 })
  const { order_uid: uid, items } = order
  const rids = items.map(({ rid }) => rid)
  const made = await r.request(uid, rids)
  expect(made).toMatchObject({ status: 201, body: { state: 'requested', rids, version: 1 } })
  expect(made.body.refund).toMatchObject({ expected: 300, refunded: 0 })
  expect(made.body.available_actions).toEqual(['approve', 'reject', 'cancel'])
  expect(made.response.headers.get('location')).toBe(`../../returns/${made.body.id}`)
  const { id } = made.body
  expect((await r.act(id, 'receive', { units: [{ rid: rids[0], condition: 'restock' }] })).body.code).toBe(
    'RETURN_STATE_REFUSED',
  )
  expect((await r.act(id, 'approve', { actor: 'bo' })).body).toMatchObject({ state: 'approved', actor: 'bo' })

  const first = await r.act(id, 'receive', { units: [{ rid: rids[0], condition: 'restock' }] })
  expect(first.body).toMatchObject({
    state: 'approved',
    units: [{ condition: 'restock', location: 'main', stocked: true }, {}, {}],
  })
  expect(await r.orderState(uid)).toBe('completed paid delivered')
  expect(await stockOf(t.pool, lamp)).toEqual({ main: '3/0' })
  expect((await r.act(id, 'refund')).body.code).toBe('RETURN_STATE_REFUSED')
  const rest = [
    { rid: rids[1], condition: 'damaged', location: 'north' },
    { rid: rids[2], condition: 'missing' },
  ]
  // A list of units alone is a receipt too.
  const second = await r.act(id, 'receive', rest)
  expect(second.body).toMatchObject({ state: 'received', available_actions: ['receive', 'refund'] })
  expect(second.body.refund.expected).toBe(200)
  expect(await t.read(`/api/stock/${lamp}`)).toMatchObject({ on_hand: 4, unavailable: 1, available: 3 })

  const refunded = await r.act(id, 'refund', { fee: 15, delivery: true, actor: 'ada' })
  expect(refunded).toMatchObject({ status: 200, body: { state: 'refunded', actor: 'ada', available_actions: [] } })
  expect(refunded.body.refund).toMatchObject({ state: 'succeeded', refunded: 235, fee: 15, delivery: 50, expected: 0 })
  expect(await refundedOf(uid)).toEqual([235])
  expect(await r.orderState(uid)).toBe('completed partially_refunded delivered')
  expect((await r.events(uid)).filter(type => type.startsWith('return.'))).toEqual([
    'return.requested',
    'return.approved',
    'return.received',
    'return.received',
    'return.refunded',
  ])
  // What was missing may come back another day.
  const late = await r.approved(order, [2])
  await r.act(late, 'receive', { units: [{ rid: rids[2], condition: 'restock' }] })
  expect(await r.orderState(uid)).toBe('completed partially_refunded returned')
  expect((await r.act(late, 'refund', { delivery: true })).body.code).toBe('RETURN_STATE_REFUSED')
  expect((await r.act(late, 'refund', { amount: 0, reason: 'too late' })).body).toMatchObject({ state: 'refunded' })
  expect(await refundedOf(uid)).toEqual([235])
})

test('a full return makes the order returned, and its refund is what was paid for the goods', async () => {
  const order = await delivered([nextItem(), nextItem()], { delivery: 70 })
  const id = await r.approved(order, [0, 1])
  const units = order.items.map(({ rid }) => ({ rid, condition: 'restock' }))
  const { body } = await r.act(id, 'receive', { units })
  expect(body.units).toMatchObject([{ stocked: false, location: null }, { amount: 100 }])
  expect(await r.orderState(order.order_uid)).toBe('completed paid returned')
  const [shipment] = (await r.ask<{ state: string }[]>('GET', `/api/orders/${order.order_uid}/shipments`)).body
  expect(shipment?.state).toBe('returned')
  await r.act(id, 'refund')
  expect(await refundedOf(order.order_uid)).toEqual([200])
})

test('two people receive a unit at once: one movement, and both are told the same; as something else it is refused', async () => {
  const chrtId = await r.stock(nextItem(), { main: 2 })
  const order = await delivered([chrtId, nextItem()])
  const id = await r.approved(order, [0, 1])
  const units = [{ rid: order.items[0]?.rid, condition: 'restock' }]
  const answers = await Promise.all([1, 2, 3].map(() => r.act(id, 'receive', { units })))
  expect(answers.map(({ status, body }) => [status, body.version])).toEqual([
    [200, 3],
    [200, 3],
    [200, 3],
  ])
  expect(await stockOf(t.pool, chrtId)).toEqual({ main: '2/0' })
  const other = await r.act(id, 'receive', { units: [{ ...units[0], condition: 'damaged' }] })
  expect(other).toMatchObject({ status: 409, body: { code: 'RETURN_UNIT_RECEIVED' } })
  expect((await r.act(id, 'cancel')).body.code).toBe('RETURN_STATE_REFUSED')
})

test('a unit is in one return: of two that want it at once one gets it, and a rejected or cancelled one frees it', async () => {
  const order = await delivered([nextItem()])
  const rids = order.items.map(({ rid }) => rid)
  const asked = await Promise.all([1, 2, 3].map(() => r.request(order.order_uid, rids)))
  expect(asked.map(({ status }) => status).toSorted()).toEqual([201, 409, 409])
  expect(asked.find(({ status }) => status === 409)?.body.code).toBe('RETURN_UNIT_TAKEN')
  const id = asked.find(({ status }) => status === 201)?.body.id ?? ''
  expect((await r.act(id, 'reject')).body.state).toBe('rejected')
  expect((await r.act(id, 'reject')).body).toMatchObject({ state: 'rejected', version: 2 })
  expect((await r.act(id, 'approve')).body.code).toBe('RETURN_STATE_REFUSED')
  const key = inHeaders(crypto.randomUUID())
  const [first, second] = [await r.request(order.order_uid, rids, key), await r.request(order.order_uid, rids, key)]
  expect([first.body.id, second.status]).toEqual([second.body.id, 201])
  expect((await r.act(first.body.id, 'cancel')).body.state).toBe('cancelled')
  const last = await r.approved(order, [0])
  const page = await r.ask<ReturnView[]>('GET', `/api/returns?order_uid=${order.order_uid}&limit=2`)
  expect(page.body.map(({ id }) => id)).toEqual([last, first.body.id])
  const ofTwo = await r.ask<ReturnView[]>('GET', `/api/returns?order_uid=nobody,${order.order_uid}`)
  expect(ofTwo.body).toHaveLength(3)
  const next = /<([^>]+)>/.exec(page.response.headers.get('link') ?? '')?.[1] ?? ''
  const { pathname, search } = new URL(next, 'http://localhost/api/returns')
  const rest = await r.ask<ReturnView[]>('GET', pathname + search)
  expect(rest.body.map(({ state }) => state)).toEqual(['rejected'])
  const work = await r.ask<ReturnView[]>(
    'GET',
    '/api/returns?state=requested,approved,received&from=2020-01-01T00:00:00Z',
  )
  expect(work.body.map(({ id }) => id)).toContain(last)
  expect(work.body.map(({ id }) => id)).not.toContain(first.body.id)
})

test('a code for free delivery takes nothing off what was paid for the goods', async () => {
  const plain = parcelOrder([nextItem(), nextItem()], { isPaid: false })
  const free = { delivery_cost: 50, discount_total: 50, delivery_discount: 50 }
  const order = { ...plain, payment: { ...plain.payment, ...free, amount: 200 } }
  await r.place(order)
  await t.pay(order.order_uid)
  await r.send(order)
  const { body } = await r.request(order.order_uid, [order.items[0]?.rid])
  expect(body.units.map(unit => unit.amount)).toEqual([100])
})

describe('a refund', () => {
  test('is never more than can be refunded: by default as far as that goes, by name it is refused, and another amount may be asked for', async () => {
    const order = await delivered([nextItem()])
    const [payment] = await t.read<{ id: string }[]>(`/api/orders/${order.order_uid}/payments`)
    await t.ask(`/api/payments/${payment?.id}/refunds`, { amount: 30 })
    const id = await r.approved(order, [0])
    await r.act(id, 'receive', { units: [{ rid: order.items[0]?.rid, condition: 'restock' }] })
    expect(await r.act(id, 'refund', { amount: 71, fee: 5 })).toMatchObject({
      ...{ status: 409, body: { code: 'REFUND_EXCEEDS_CAPTURED' } },
    })
    expect((await r.shownReturn(id)).refund).toMatchObject({ state: null, expected: 100, fee: 0 })
    expect((await r.act(id, 'refund')).body).toMatchObject({ state: 'refunded', refund: { refunded: 70 } })
    expect((await r.act(id, 'refund')).body).toMatchObject({ version: 4, refund: { refunded: 70 } })
    expect((await r.act(id, 'refund', { amount: 9 })).body.code).toBe('RETURN_STATE_REFUSED')
    expect(await refundedOf(order.order_uid)).toEqual([100])
  })

  test('of what was paid outside is recorded', async () => {
    const order = parcelOrder([nextItem()])
    await r.place(order)
    await r.send(order)
    const id = await r.approved(order, [0])
    await r.act(id, 'receive', { units: [{ rid: order.items[0]?.rid, condition: 'damaged' }] })
    expect((await r.act(id, 'refund')).body).toMatchObject({ state: 'refunded', refund: { refunded: 100 } })
    expect(await r.orderState(order.order_uid)).toBe('completed refunded returned')
  })

  for (const point of ['begun', 'refunded'] as const) {
    test(`whose process is killed when it is ${point} is made once: by the worker, or by a second press`, async () => {
      const order = await delivered([nextItem()])
      const id = await r.approved(order, [0])
      await r.act(id, 'receive', { units: [{ rid: order.items[0]?.rid, condition: 'restock' }] })
      const reached = Promise.withResolvers<void>()
      const returnHooks: ReturnHooks = {
        async reached(at) {
          if (at !== point) return
          reached.resolve()
          await Promise.withResolvers<void>().promise
        },
      }
      const killed = returning(await createTestApp({ pool: t.pool, now, returnHooks }))
      void killed.act(id, 'refund', { fee: 1 })
      await reached.promise
      expect((await r.shownReturn(id)).refund).toMatchObject({ state: 'pending', amount: 99 })
      if (point === 'begun') {
        shiftMs += 40_000
        await r.settleRefunds()
      } else {
        expect((await r.act(id, 'refund', { amount: 98 })).body.code).toBe('RETURN_STATE_REFUSED')
        await Promise.all([1, 2].map(() => r.act(id, 'refund')))
      }
      expect(await r.shownReturn(id)).toMatchObject({ state: 'refunded', refund: { refunded: 99, fee: 1 } })
      expect(await refundedOf(order.order_uid)).toEqual([99])
    })
  }

  test('that a provider has not answered is pending, and settled when it has', async () => {
    const slow = await createTestApp({
      ...{ pool: t.pool, now },
      paymentHooks: { reached: point => (point === 'sent' ? new Promise<void>(() => undefined) : Promise.resolve()) },
    })
    const order = await delivered([nextItem()])
    const id = await r.approved(order, [0])
    await r.act(id, 'receive', { units: [{ rid: order.items[0]?.rid, condition: 'restock' }] })
    void returning(slow).act(id, 'refund')
    const isAsked = async () =>
      (await t.read<{ amounts: { pending_refund: number } }[]>(`/api/orders/${order.order_uid}/payments`))[0]?.amounts
        .pending_refund === 100
    while (!(await isAsked())) await Bun.sleep(10)
    const pressed = await r.act(id, 'refund')
    expect(pressed.body).toMatchObject({ state: 'received', refund: { state: 'pending', amount: 100 } })
    shiftMs += 60_000
    await paymentActions(t).settle()
    await r.settleRefunds()
    expect(await r.shownReturn(id)).toMatchObject({ state: 'refunded', refund: { refunded: 100 } })
  })
})

test('bad requests are refused with every violation, and nothing is stored', async () => {
  const order = await delivered([nextItem()])
  const { order_uid: uid, items } = order
  const errors = ({ body }: { body: object }) =>
    ((body as { errors?: { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer)
  expect(errors(await r.request(uid, []))).toEqual(['/rids'])
  expect(errors(await r.request(uid, ['none', items[0]?.rid, items[0]?.rid]))).toEqual(['/rids/0', '/rids/2'])
  expect((await r.ask('GET', `/api/orders/${uid}/returns`)).body).toEqual([] as never)
  const unsent = await r.place(parcelOrder([1]))
  expect((await r.request(unsent.order_uid, [unsent.items[0]?.rid])).body.code).toBe('RETURN_UNIT_NOT_SHIPPED')
  const id = await r.approved(order, [0])
  const receive = (units: unknown) => r.act(id, 'receive', { units })
  expect(errors(await receive([{ rid: 'none', condition: 'restock' }]))).toEqual(['/units/0/rid'])
  expect(errors(await receive([{ rid: items[0]?.rid, condition: 'lost', location: 'a b' }]))).toEqual([
    '/units/0/condition',
    '/units/0/location',
  ])
  expect(errors(await receive([{ rid: items[0]?.rid, condition: 'restock', location: 'nowhere' }]))).toEqual([
    '/units/0/location',
  ])
  expect(errors(await receive([]))).toEqual(['/units'])
  expect((await r.act(id, 'refund', { amount: -1, fee: 0.5, delivery: 'yes' })).status).toBe(400)
  expect(errors(await r.act(id, 'refund', { reason: 'card 4111 1111 1111 1111' }))).toEqual(['/reason'])
  const withoutKey = await r.ask('POST', `/api/returns/${id}/refund`, {})
  expect(withoutKey).toMatchObject({ status: 400, body: { code: 'IDEMPOTENCY_KEY_REQUIRED' } })
  expect((await r.ask('GET', '/api/returns/ret_none')).body.code).toBe('RETURN_NOT_FOUND')
  expect((await r.act('ret_aaaaaaaaaaaaaaaaaaaaaaaa', 'approve')).status).toBe(404)
  expect((await r.ask('GET', '/api/orders/none/returns')).status).toBe(404)
  expect((await r.request('none', ['x'])).status).toBe(404)
  expect(errors(await r.ask('GET', '/api/returns?state=lost&from=yesterday&cursor=x&late=true'))).toHaveLength(4)
})

test('metrics count what has come in, and what somebody has to do', async () => {
  const metrics = await (await t.call('GET', '/metrics')).text()
  for (const line of ['return_units_received_total{condition="damaged"} 2', 'return_refunds_overdue_seconds 0'])
    expect(metrics).toContain(line)
  const numberOf = (name: string) =>
    Number(
      metrics
        .split('\n')
        .find(line => line.startsWith(`${name} `))
        ?.slice(name.length),
    )
  expect(numberOf('return_changes_total{state="requested"}')).toBeGreaterThan(9)
  expect(numberOf('returns_open{state="approved"}')).toBeGreaterThan(0)
  expect(numberOf('returns_open_age_seconds{state="approved"}')).toBeGreaterThan(0)
  expect(numberOf('return_refunds_failed')).toBe(0)
})
