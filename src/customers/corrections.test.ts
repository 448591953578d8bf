import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { appOn, createTestApp, type TestApp } from '../../test/app.ts'
import { putItems } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { makeOrders } from '../../test/orders.ts'
import type { OrderDocument } from '../orders/document.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(async () => {
  try {
    expect(await brokenRules(t.pool)).toEqual([])
  } finally {
    await t.close()
  }
})

type Answer = { status: number; etag: string | null; json: Record<string, unknown>; text: string }

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await t.call(method, `/api/${path}`, { body, headers })
  const text = await response.text()
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    text,
    json: text === '' ? {} : JSON.parse(text),
  }
}

async function place(uid: string, change: (order: OrderDocument) => void = () => undefined): Promise<OrderDocument> {
  const [order] = makeOrders(1, uid)
  if (order === undefined) throw new Error('no order')
  change(order)
  expect((await ask('POST', 'orders', order)).status).toBe(201)
  return order
}

const why = { reason: 'the house number was missing', actor: 'ada' }

describe('a correction of the recipient', () => {
  test('reads back in place, is kept with the one before it, and told without the recipient', async () => {
    const sent = await place('plain')
    const path = `orders/${sent.order_uid}`
    const before = await ask('GET', path)
    const body = { address: '7 New Street', phone: '+49 30 1', ...why }
    const corrected = await ask('POST', `${path}/delivery`, body)
    expect(corrected).toMatchObject({ status: 200, etag: '"2"' })
    expect((await ask('GET', path)).text).toBe(corrected.text)
    const { address, phone } = sent.delivery
    const swap = (text: string) => text.replace(JSON.stringify(address), '"7 New Street"').replace(phone, '+49 30 1')
    const withoutState = (text: string) => text.slice(0, text.indexOf('"status":"'))
    expect(withoutState(corrected.text)).toBe(withoutState(swap(before.text)))
    const [listed] = (await ask('GET', `orders?q=${sent.order_uid}`)).json as unknown as unknown[]
    expect(listed).toEqual(corrected.json)
    expect((await ask('POST', `${path}/delivery`, { name: 'Bo', ...why, reason: 'married' })).status).toBe(200)
    expect((await ask('GET', `${path}/delivery`)).json).toMatchObject({
      delivery: { ...sent.delivery, address: '7 New Street', phone: '+49 30 1', name: 'Bo' },
      sent: sent.delivery,
      corrections: [
        { version: 3, reason: 'married', actor: 'ada', delivery: { name: 'Bo', address: '7 New Street' } },
        { version: 2, ...why, delivery: { name: sent.delivery.name, address: '7 New Street' } },
      ],
    })
    const events = (await ask('GET', `${path}/events`)).json as unknown as { type: string; data: OrderDocument }[]
    expect(events.map(({ type }) => type)).toEqual(['order.placed', ...Array(2).fill('order.delivery_corrected')])
    expect(events[0]?.data.delivery).toEqual(sent.delivery)
    expect(JSON.stringify(events.slice(1))).not.toContain('New Street')
  })

  test('leaves a number of a field that the contract does not know as it was written', async () => {
    const { order_uid: uid, ...rest } = await place('numbers')
    const text = JSON.stringify({ order_uid: `${uid}x`, weight: 7, ...rest }).replace('"weight":7', '"weight":7.50')
    expect((await ask('POST', 'orders', text)).status).toBe(201)
    const corrected = await ask('POST', `orders/${uid}x/delivery`, { city: 'Bonn', ...why })
    expect(corrected.text).toContain('"weight":7.50')
  })

  test('does not make another order of it: what was sent is a duplicate, what reads back a conflict', async () => {
    const sent = await place('again')
    const corrected = await ask('POST', `orders/${sent.order_uid}/delivery`, { name: 'Bo', ...why })
    const again = await ask('POST', 'orders', sent)
    expect([again.status, again.text]).toEqual([200, corrected.text])
    expect((await ask('POST', 'orders', { ...sent, delivery: corrected.json.delivery })).json.code).toBe(
      'ORDER_CONFLICT',
    )
  })

  test('is no change where it says what is there, and has its effect once under a key', async () => {
    const sent = await place('once')
    const path = `orders/${sent.order_uid}/delivery`
    expect((await ask('POST', path, { name: sent.delivery.name, ...why })).etag).toBe('"1"')
    const key = { 'idempotency-key': 'once' }
    const [first, second] = [await ask('POST', path, { name: 'Bo' }, key), await ask('POST', path, { name: 'Bo' }, key)]
    expect([first.etag, second.text]).toEqual(['"2"', first.text])
  })

  test('is seen on another instance as well', async () => {
    const sent = await place('other')
    const other = appOn(t.pool)
    const path = `http://localhost/api/orders/${sent.order_uid}`
    await ask('POST', `orders/${sent.order_uid}/delivery`, { name: 'Bo', ...why })
    expect(await (await other.fetch(new Request(path))).json()).toMatchObject({ delivery: { name: 'Bo' }, version: 2 })
  })

  const refused: [string, unknown, number, string | string[]][] = [
    ['nothing to correct', why, 400, ['']],
    ['a field that there is not', { planet: 'Mars' }, 400, ['/planet']],
    ['forms', { email: 'x', phone: 'none', country: 'XX' }, 400, ['/country', '/email', '/phone']],
    ['a card number as the reason', { name: 'Bo', reason: '4111 1111 1111 1111' }, 422, 'CARD_DATA_REFUSED'],
  ]
  for (const [what, body, status, expected] of refused) {
    test(`is refused for ${what}`, async () => {
      const { order_uid: uid } = (await place(`refused-${status}-${what.length}`)) as OrderDocument
      const answer = await ask('POST', `orders/${uid}/delivery`, body)
      const errors = (answer.json.errors ?? []) as { pointer: string }[]
      const found = Array.isArray(expected) ? errors.map(({ pointer }) => pointer).toSorted() : answer.json.code
      expect([answer.status, found]).toEqual([status, expected])
      expect((await ask('GET', `orders/${uid}`)).etag).toBe('"1"')
    })
  }

  test('is refused for an order that is over, shipped, or not there', async () => {
    const cancelled = await place('cancelled')
    await ask('POST', `orders/${cancelled.order_uid}/cancel`, why)
    const answer = await ask('POST', `orders/${cancelled.order_uid}/delivery`, { name: 'Bo' })
    expect(answer).toMatchObject({ status: 409, json: { code: 'TRANSITION_REFUSED' } })
    expect((await ask('POST', 'orders/nobody/delivery', { name: 'Bo' })).status).toBe(404)
    expect((await ask('GET', 'orders/nobody/delivery')).status).toBe(404)
  })

  test('is refused where the price would change', async () => {
    const rate = { country: 'DE', name: 'VAT', rate_ppm: 190_000, inclusive: true }
    expect((await ask('PUT', 'tax-rates/de', rate)).status).toBe(201)
    await putItems(t.pool, [900_001, 100])
    const sent = await place('priced', order => {
      order.delivery.country = 'DE'
      for (const item of order.items) item.chrt_id = 900_001
    })
    const path = `orders/${sent.order_uid}/delivery`
    const abroad = await ask('POST', path, { country: 'FR', ...why })
    expect(abroad).toMatchObject({ status: 409, json: { code: 'WOULD_REPRICE' } })
    expect((await ask('POST', path, { region: 'Bayern', city: 'München', ...why })).status).toBe(200)
  })
})
