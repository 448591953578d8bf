import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { allocateAll, moveStock, orderOf, stockOf } from '../../test/stock.ts'
import type { OrderDocument } from '../orders/document.ts'
import { expireReservations } from './reservation-expiry.ts'

/** Orders and the stock that they reserve, from their placement to their end. */

setDefaultTimeout(30_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createPaymentApp({ now })
})

afterEach(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
})

afterAll(() => t.close())

let item = 100_000

/** Another item, with units at locations. */
async function stocked(units: Record<string, number>): Promise<number> {
  item += 1
  for (const [location, quantity] of Object.entries(units))
    await moveStock(t.pool, { chrtId: item, location, quantity })
  return item
}

const post = async (order: OrderDocument) => {
  const response = await t.call('POST', '/api/orders', { body: order })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const command = (uid: string, name: string) =>
  t.call('POST', `/api/orders/${uid}/${name}`, { body: { reason: 'asked for', actor: 'ada' } })

async function reservationsOf(uid: string): Promise<string[]> {
  const { rows } = await t.pool.query<{ text: string }>(
    `select chrt_id || ': ' || quantity || ' ' || state || ' at ' || location as text
       from stock_reservations where order_uid = $1 order by chrt_id, location`,
    [uid],
  )
  return rows.map(({ text }) => text)
}

async function historyOf(uid: string): Promise<string[]> {
  return (await t.read<{ type: string }[]>(`/api/orders/${uid}/events`)).map(({ type }) => type)
}

/** Expires what is due, by the clock of the test. @param open orders with a payment under way */
async function expire(open: readonly string[] = []): Promise<void> {
  const findOpen = async () => new Set(open)
  const common = { pool: t.pool, now, isClockRight: () => true, lowStockDefault: 5, log: t.app.context.log }
  await expireReservations({ ...common, heldMaxMs: 24 * 3_600_000, findOpen })
}

describe('an unpaid order', () => {
  test('takes its units, and one that there is too little for is refused with what is left', async () => {
    const [a, b] = [await stocked({ main: 3 }), await stocked({ main: 1 })]
    const order = orderOf({ [a]: 2, [b]: 1, 7: 1 })
    expect((await post(order)).status).toBe(201)
    expect((await post(order)).status).toBe(200)
    expect(await reservationsOf(order.order_uid)).toEqual([`${a}: 2 held at main`, `${b}: 1 held at main`])
    const refused = await post(orderOf({ 7: 1, [a]: 2, [b]: 2 }))
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'OUT_OF_STOCK',
        detail: `too little is in stock of ${a} (2 wanted, 1 left), ${b} (2 wanted, 0 left)`,
        errors: [
          { pointer: '/items/1/chrt_id', detail: '2 wanted, 1 left' },
          { pointer: '/items/3/chrt_id', detail: '2 wanted, 0 left' },
        ],
      },
    })
    expect(await stockOf(t.pool, a)).toEqual({ main: '3/2' })
  })

  test('that has one item on two lines, with another between, wants two units of it', async () => {
    const [a, b] = [await stocked({ main: 2 }), await stocked({ main: 2 })]
    const order = orderOf({ [a]: 2, [b]: 1 })
    const [first, second, third] = order.items
    if (first === undefined || second === undefined || third === undefined) throw new Error('it has three lines')
    order.items = [first, third, second]
    expect((await post(order)).status).toBe(201)
    expect(await reservationsOf(order.order_uid)).toEqual([`${a}: 2 held at main`, `${b}: 1 held at main`])
    expect((await post(orderOf({ [a]: 1 }))).status).toBe(409)
  })

  test('keeps its stock when it is confirmed, gives it back when it is cancelled, and has shipped it when it is completed', async () => {
    const a = await stocked({ main: 3 })
    const [one, two, three] = [orderOf({ [a]: 1 }), orderOf({ [a]: 1 }), orderOf({ [a]: 1 })]
    for (const order of [one, two, three]) await post(order)
    await command(one.order_uid, 'confirm')
    expect((await t.pay(two.order_uid)).status).toBe(201)
    expect(await reservationsOf(one.order_uid)).toEqual([`${a}: 1 committed at main`])
    expect(await reservationsOf(two.order_uid)).toEqual([`${a}: 1 committed at main`])
    await command(two.order_uid, 'complete')
    await command(three.order_uid, 'cancel')
    expect(await reservationsOf(two.order_uid)).toEqual([`${a}: 1 shipped at main`])
    expect(await reservationsOf(three.order_uid)).toEqual([`${a}: 1 released at main`])
    expect(await stockOf(t.pool, a)).toEqual({ main: '2/1' })
    await command(one.order_uid, 'hold')
    await command(one.order_uid, 'cancel')
    expect(await stockOf(t.pool, a)).toEqual({ main: '2/0' })
    await t.settle()
  })

  test('takes 100 units from two locations of which neither has enough', async () => {
    await t.pool.query(`insert into locations values ('far', 'Far', 1, '{}', true, now()) on conflict do nothing`)
    const a = await stocked({ far: 40, main: 60 })
    const order = orderOf({ [a]: 100 })
    expect((await post(order)).status).toBe(201)
    expect(await reservationsOf(order.order_uid)).toEqual([`${a}: 40 held at far`, `${a}: 60 held at main`])
    expect(await post(orderOf({ [a]: 1 }))).toMatchObject({ status: 409 })
  })

  test('is served only from locations that deliver to its country', async () => {
    await t.pool.query(`insert into locations values ('alps', 'Alps', -1, '{AT,CH}', true, now())`)
    const a = await stocked({ alps: 1, main: 1 })
    const orders = ['DE', 'DE', 'AT'].map(country => orderOf({ [a]: 1 }, { country }))
    const statuses = []
    for (const order of orders) statuses.push((await post(order)).status)
    expect(statuses).toEqual([201, 409, 201])
    expect(await reservationsOf(orders[2]?.order_uid ?? '')).toEqual([`${a}: 1 held at alps`])
  })

  test('gives its stock back when it is not paid in time, and tries again when it is paid later', async () => {
    const a = await stocked({ main: 1 })
    const [first, second] = [orderOf({ [a]: 1 }), orderOf({ [a]: 1 })]
    await post(first)
    shiftMs += 61 * 60_000
    await expire([first.order_uid])
    expect(await reservationsOf(first.order_uid)).toEqual([`${a}: 1 held at main`])
    shiftMs += 2 * 60_000
    await expire()
    expect(await reservationsOf(first.order_uid)).toEqual([`${a}: 1 expired at main`])
    // It is there, so the order gets it again.
    await t.pay(first.order_uid)
    await allocateAll(t.pool, now)
    expect(await reservationsOf(first.order_uid)).toEqual([`${a}: 1 committed at main`])
    expect(await historyOf(first.order_uid)).toContain('stock.allocated')
    // It is gone, so the order waits for more.
    await moveStock(t.pool, { chrtId: a, quantity: 1 })
    await post(second)
    shiftMs += 61 * 60_000
    await expire()
    expect((await post(orderOf({ [a]: 1 }, { isPaid: true }))).status).toBe(201)
    await t.pay(second.order_uid)
    await allocateAll(t.pool, now)
    t.app.cache.clear()
    expect(await t.stateOf(second.order_uid)).toBe('on_hold paid')
    await moveStock(t.pool, { chrtId: a, quantity: 1 })
    await allocateAll(t.pool, now)
    t.app.cache.clear()
    expect(await t.stateOf(second.order_uid)).toBe('confirmed paid')
    expect(await stockOf(t.pool, a)).toEqual({ main: '3/3' })
  })

  test('is paid at the moment at which its reservation expires: it has its stock in the end, whichever came first', async () => {
    const a = await stocked({ main: 12 })
    const orders = Array.from({ length: 12 }, () => orderOf({ [a]: 1 }))
    for (const order of orders) await post(order)
    shiftMs += 61 * 60_000
    await Promise.all([...orders.map(({ order_uid }) => t.pay(order_uid)), expire(), expire()])
    await expire()
    await allocateAll(t.pool, now)
    for (const { order_uid } of orders) {
      expect(await reservationsOf(order_uid)).toEqual([`${a}: 1 committed at main`])
    }
    expect(await stockOf(t.pool, a)).toEqual({ main: '12/12' })
  })

  test('keeps its stock for a payment under way, up to the longest time', async () => {
    const a = await stocked({ main: 1 })
    const order = orderOf({ [a]: 1 })
    await post(order)
    shiftMs += 61 * 60_000
    await expire([order.order_uid])
    shiftMs += 22 * 3_600_000
    await expire([order.order_uid])
    expect(await stockOf(t.pool, a)).toEqual({ main: '1/1' })
    shiftMs += 3_600_000
    await expire([order.order_uid])
    expect(await stockOf(t.pool, a)).toEqual({ main: '1/0' })
  })
})

describe('a paid order that there is too little for', () => {
  test('is put on hold, takes nothing, and is confirmed when enough has arrived: the oldest first', async () => {
    const [a, b] = [await stocked({ main: 1 }), await stocked({ main: 5 })]
    const [first, second] = [orderOf({ [a]: 2, [b]: 1 }, { isPaid: true }), orderOf({ [a]: 2 }, { isPaid: true })]
    await post(first)
    await post(second)
    expect(await t.stateOf(first.order_uid)).toBe('on_hold paid')
    expect(await historyOf(first.order_uid)).toEqual(['order.placed', 'order.on_hold', 'stock.shortfall'])
    expect([await stockOf(t.pool, a), await stockOf(t.pool, b)]).toEqual([{ main: '1/0' }, { main: '5/0' }])
    await moveStock(t.pool, { chrtId: a, quantity: 2 })
    await allocateAll(t.pool, now)
    t.app.cache.clear()
    expect([await t.stateOf(first.order_uid), await t.stateOf(second.order_uid)]).toEqual([
      'confirmed paid',
      'on_hold paid',
    ])
    expect((await historyOf(first.order_uid)).toSorted()).toEqual([
      'order.confirmed',
      'order.on_hold',
      'order.placed',
      'stock.allocated',
      'stock.shortfall',
    ])
    expect(await stockOf(t.pool, b)).toEqual({ main: '5/1' })
  })

  test('ships nothing while it waits, also when a person has confirmed it: it gets its units once', async () => {
    const a = await stocked({ main: 1 })
    const order = orderOf({ [a]: 2 }, { isPaid: true })
    await post(order)
    await command(order.order_uid, 'confirm')
    const send = async (path: string, body: object) => {
      const response = await t.call('POST', path, { body })
      return { status: response.status, ...((await response.json()) as { id: string }) }
    }
    const { id } = await send(`/api/orders/${order.order_uid}/shipments`, { rids: [order.items[0]?.rid] })
    const early = await send(`/api/shipments/${id}/ship`, { location: 'main', reallocate: true })
    expect(early).toMatchObject({ status: 409, code: 'STOCK_INSUFFICIENT' })
    await moveStock(t.pool, { chrtId: a, quantity: 1 })
    await allocateAll(t.pool, now)
    expect(await send(`/api/shipments/${id}/ship`, {})).toMatchObject({ status: 200 })
    expect(await stockOf(t.pool, a)).toEqual({ main: '1/1' })
  })

  test('gets its units at one location, and is shipped from another', async () => {
    await t.pool.query(`insert into locations values ('far', 'Far', 1, '{}', true, now()) on conflict do nothing`)
    const a = await stocked({ main: 1 })
    const order = orderOf({ [a]: 2 }, { isPaid: true })
    await post(order)
    await moveStock(t.pool, { chrtId: a, quantity: 1 })
    await allocateAll(t.pool, now)
    await moveStock(t.pool, { chrtId: a, location: 'far', quantity: 2 })
    const send = async (path: string, body: object) => {
      const response = await t.call('POST', path, { body })
      return { status: response.status, ...((await response.json()) as { id: string }) }
    }
    const rids = order.items.map(({ rid }) => rid)
    const { id } = await send(`/api/orders/${order.order_uid}/shipments`, { rids })
    const shipped = await send(`/api/shipments/${id}/ship`, { location: 'far', reallocate: true })
    expect(shipped).toMatchObject({ status: 200 })
    expect(await reservationsOf(order.order_uid)).toEqual([`${a}: 2 shipped at far`])
  })

  test('waits for nothing when it is cancelled, and is not confirmed by stock once a person has confirmed it', async () => {
    const a = await stocked({ main: 0 })
    const [first, second] = [orderOf({ [a]: 1 }, { isPaid: true }), orderOf({ [a]: 1 }, { isPaid: true })]
    await post(first)
    await post(second)
    await command(first.order_uid, 'cancel')
    await command(second.order_uid, 'confirm')
    await command(second.order_uid, 'hold')
    await moveStock(t.pool, { chrtId: a, quantity: 2 })
    await allocateAll(t.pool, now)
    t.app.cache.clear()
    expect(await t.stateOf(second.order_uid)).toBe('on_hold paid')
    expect(await reservationsOf(second.order_uid)).toEqual([`${a}: 1 committed at main`])
    expect(await stockOf(t.pool, a)).toEqual({ main: '2/1' })
    await t.settle()
  })
})

test('back-orders are taken up to the limit of the item', async () => {
  item += 1
  await moveStock(t.pool, { chrtId: item, quantity: 1, backorderLimit: 2 })
  const statuses = []
  for (let count = 0; count < 5; count += 1) statuses.push((await post(orderOf({ [item]: 1 }))).status)
  expect(statuses).toEqual([201, 201, 201, 409, 409])
})
