import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { appOn, createTestApp, type TestApp } from '../../test/app.ts'
import { recipient } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createAllowance } from '../platform/allowance.ts'
import { demoItems } from './demo-catalogue.ts'
import type { ShopItem } from './views.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

const fill = (on: TestApp = t, body: unknown = {}) => on.call('POST', '/api/shop/demo-catalogue', { body })
const items = async (query = '') =>
  (await (await t.call('GET', `/api/shop/items${query}`)).json()) as readonly ShopItem[]
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code?: string }).code]

describe('the demo catalogue', () => {
  test('is made once, also by presses at the same time, and leaves alone what was changed since', async () => {
    const added = await Promise.all([fill(), fill()])
    expect(added.map(({ status }) => status)).toEqual([200, 200])
    const [one] = demoItems
    const changed = { nm_id: one?.item.nmId, name: 'Another name', prices: { USD: 1 } }
    await t.call('PUT', `/api/items/${one?.item.chrtId}`, { body: changed })
    expect(await (await fill()).json()).toEqual({ added: 0 })
    const stored = await t.call('GET', `/api/items/${one?.item.chrtId}`)
    expect(await stored.json()).toMatchObject({ name: 'Another name' })
    for (const { item, onHand } of demoItems) {
      const stock = await (await t.call('GET', `/api/stock/${item.chrtId}`)).json()
      expect(stock).toMatchObject({ on_hand: onHand, reserved: 0 })
    }
    expect(await (await t.call('GET', '/api/delivery-methods')).json()).toHaveLength(2)
    expect(await brokenRules(t.pool)).toEqual([])
  })

  test('is made once by presses on two instances', async () => {
    const first = await createTestApp()
    const second = appOn(first.pool)
    const press = async (on: TestApp['app']) => {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: '{}' }
      const response = await on.fetch(new Request('http://localhost/api/shop/demo-catalogue', init))
      return ((await response.json()) as { added: number }).added
    }
    const added = await Promise.all([press(first.app), press(second)])
    expect(added.sort((one, other) => one - other)).toEqual([0, demoItems.length])
    expect(await brokenRules(first.pool)).toEqual([])
    await first.close()
  })

  test('is not made where there are items of others', async () => {
    const other = await createTestApp()
    await other.call('PUT', '/api/items/9', { body: { nm_id: 9, name: 'Ours', prices: { USD: 1 } } })
    expect(await codeOf(await fill(other))).toEqual([409, 'CATALOGUE_NOT_EMPTY'])
    expect(await (await other.call('GET', '/api/delivery-methods')).json()).toEqual([])
    await other.close()
  })

  test.each([{ body: '' }, { body: '[]' }, { body: { items: [] } }])('refuses the body %p', async ({ body }) => {
    expect(await codeOf(await fill(t, body))).toEqual([400, 'REQUEST_INVALID'])
  })

  test('cannot be made by a form of another site', async () => {
    const headers = { 'content-type': 'text/plain' }
    const response = await t.call('POST', '/api/shop/demo-catalogue', { body: '{}', headers })
    expect(response.status).toBe(415)
  })
})

describe('what the shop offers', () => {
  test('has prices and what is available, page by page, for a moment from memory', async () => {
    const response = await t.call('GET', '/api/shop/items?limit=5')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('link')).toContain('rel="next"')
    const all = await items()
    expect(all).toHaveLength(demoItems.length)
    expect(all.find(({ name, size }) => name === 'Cotton T-shirt' && size === 'XL')).toMatchObject({ available: 0 })
    const one = all[1]
    expect(await (await t.call('GET', `/api/shop/items/${one?.chrt_id}`)).json()).toEqual(one)
  })

  test('is searched by the beginnings of words', async () => {
    expect(new Set((await items('?q=linen%20pl')).map(({ name }) => name))).toEqual(new Set(['Linen shirt']))
    expect(await items('?q=---')).toEqual([])
  })

  test('is refused when too much waits, and offered again after that', async () => {
    const asked = Array.from({ length: 300 }, (_, index) => t.call('GET', `/api/shop/items?q=flood${index}`))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200, 503]))
    expect(await items('?q=mug')).toHaveLength(1)
  })

  test('leaves out what is not sold', async () => {
    const hidden = { nm_id: 1, name: 'Hidden zebra', prices: { USD: 1 } }
    await t.call('PUT', '/api/items/1', { body: { ...hidden, active: false } })
    await t.call('PUT', '/api/items/2', { body: { ...hidden, available_from: '2999-01-01T00:00:00Z' } })
    expect(await items('?q=zebra')).toEqual([])
    for (const chrtId of [1, 2, 'x', 404, '99999999999999999'])
      expect(await codeOf(await t.call('GET', `/api/shop/items/${chrtId}`))).toEqual([404, 'ITEM_NOT_FOUND'])
  })

  test.each(['limit=101', 'limit=0', 'cursor=x', `q=${'a'.repeat(101)}`, 'q=', 'active=false'])(
    'refuses ?%s',
    async query => {
      expect(await codeOf(await t.call('GET', `/api/shop/items?${query}`))).toEqual([400, 'REQUEST_INVALID'])
    },
  )
})

describe('a guest', () => {
  const create = (body: unknown, on: TestApp = t) => on.call('POST', '/api/shop/carts', { body })

  test('buys with the token of the cart alone, also where keys are needed', async () => {
    const guarded = await createTestApp({
      isLocal: false,
      env: { DEMO_SHOP: 'true', PAYMENT_SANDBOX: 'true', API_KEYS: `sk_${'k'.repeat(43)}=admin` },
    })
    await fill(guarded)
    const { id, cart_token: token } = (await (await create({ currency: 'EUR' }, guarded)).json()) as {
      id: string
      cart_token: string
    }
    const headers = { authorization: `Bearer ${token}` }
    const own = async (method: string, path: string, body?: unknown) => {
      const response = await guarded.call(method, `/api/carts/${id}${path}`, { headers, body })
      return { status: response.status, ...((await response.json()) as { total: number; code?: string }) }
    }
    expect(await own('GET', '/order')).toMatchObject({ status: 404, code: 'ORDER_NOT_FOUND' })
    const mug = demoItems.find(({ item }) => item.name === 'Enamel mug')?.item
    await own('PUT', `/lines/${mug?.chrtId}`, { quantity: 2 })
    const address = { delivery: { ...recipient, country: 'DE' }, email: 'ada@example.com' }
    const choice = { delivery_method: 'standard', discount_codes: ['WELCOME10'] }
    const { total } = await own('PATCH', '', { ...address, ...choice })
    expect(total).toBe(2 * 1300 * 0.9 + 450)
    const payment = { provider: 'sandbox', method_token: 'tok_approve' }
    expect(await own('POST', '/checkout', { payment, expected_total: total })).toMatchObject({ status: 201 })
    expect(await own('GET', '/order')).toMatchObject({
      status: 200,
      order: { status: 'confirmed', payment: { amount: total, discount_total: 260 } },
      payment: { state: 'captured' },
    })
    const stranger = await guarded.call('GET', `/api/carts/${id}/order`, { headers: { authorization: 'Bearer ct_x' } })
    expect(await codeOf(stranger)).toEqual([404, 'CART_NOT_FOUND'])
    expect(await codeOf(await guarded.call('GET', `/api/carts/${id}/order`))).toEqual([401, 'KEY_MISSING'])
    expect(await brokenRules(guarded.pool)).toEqual([])
    await guarded.close()
  })

  test.each([{}, { currency: 'eur' }, { currency: 'ZZZ' }, { currency: 'USD', customer_id: 'somebody' }])(
    'gets no cart for %p',
    async body => {
      expect(await codeOf(await create(body))).toEqual([400, 'REQUEST_INVALID'])
    },
  )

  test('gets one only as often as carts may be created', async () => {
    const answers = await Promise.all(Array.from({ length: 150 }, () => create({ currency: 'USD' })))
    const statuses = new Set(answers.map(({ status }) => status))
    expect(statuses).toEqual(new Set([201, 503]))
    expect(answers.filter(({ status }) => status === 201).length).toBeLessThan(150)
  })
})

test('an allowance is used up, comes back with time, and never grows beyond its burst', () => {
  let nowMs = 0
  const may = createAllowance({ burst: 2, perSecond: 1, now: () => nowMs })
  const times = (count: number) => Array.from({ length: count }, may)
  expect(times(3)).toEqual([true, true, false])
  nowMs += 1_000
  expect(times(2)).toEqual([true, false])
  nowMs += 60_000
  expect(times(3)).toEqual([true, true, false])
})

describe('where the shop is off', () => {
  test.each([
    { isLocal: true, env: { DEMO_SHOP: 'false' } },
    { isLocal: false, env: {} },
  ])('nothing of it is there: %p', async change => {
    const off = await createTestApp(change)
    const asked: [string, string][] = [
      ['GET', '/api/shop/items'],
      ['GET', '/api/shop/items/1'],
      ['POST', '/api/shop/carts'],
      ['POST', '/api/shop/demo-catalogue'],
    ]
    for (const [method, path] of asked)
      expect(await codeOf(await off.call(method, path, method === 'POST' ? { body: {} } : {}))).toEqual([
        404,
        'ROUTE_NOT_FOUND',
      ])
    await off.close()
  })
})
