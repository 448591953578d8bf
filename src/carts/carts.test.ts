import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { appOn, createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, lamp, mug, openShop, putItems, recipient, stockUp } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createFactsReader } from './facts.ts'
import { listingCarts } from './list.ts'
import { PriceLists } from './price-lists.ts'
import { createRememberedCarts } from './remembered-carts.ts'
import { sweepCarts } from './sweep.ts'
import { createCartWriter } from './writer.ts'

let t: TestApp
let shop: ReturnType<typeof cartActions>
let nowMs = Date.now()

beforeAll(async () => {
  t = await createTestApp({ now: () => nowMs })
  shop = cartActions(t.call)
  await openShop(t)
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

/** Looks at carts as the worker does, at a time. */
async function sweepAt(ms: number): Promise<void> {
  nowMs = ms
  const { pool } = t
  const remembered = createRememberedCarts()
  const readFacts = createFactsReader(new PriceLists(pool, () => true), { reserves: false })
  const writer = createCartWriter({ pool, now: () => nowMs, readFacts, remembered, onEvents: () => undefined })
  const options = { pool, writer, now: () => nowMs, isClockRight: () => true, abandonedAfterMs: hourMs }
  await sweepCarts({ ...options })
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

describe('a cart', () => {
  test('is created empty, with a token that is stored as its hash and shown once', async () => {
    const made = await shop.create()
    expect(made).toMatchObject({ status: 201, state: 'open', lines: [], total: 0, version: 1, etag: '"1"' })
    expect(made.cart_token).toMatch(/^ct_[\w-]{22}$/)
    expect(await shop.cart('GET', `/${made.id}`)).not.toHaveProperty('cart_token')
    const { rows } = await t.pool.query('select token_hash, c::text as text from carts c where cart_id = $1', [made.id])
    expect(rows[0]?.token_hash).toBe(new Bun.CryptoHasher('sha256').update(made.cart_token).digest('hex'))
    expect(rows[0]?.text).not.toContain(made.cart_token)
  })

  test('is created once by a key; the repeated answer has no token', async () => {
    const headers = { 'idempotency-key': 'cart-1' }
    const first = await shop.cart('POST', '', { currency: 'EUR' }, headers)
    const again = await shop.cart('POST', '', { currency: 'EUR' }, headers)
    expect(again).toMatchObject({ status: 201, id: first.id, cart_token: null })
  })

  test('is priced with each change of its lines', async () => {
    const { id } = await shop.create()
    expect(await shop.put(id, mug, 2)).toMatchObject({ status: 200, subtotal: 2_400, total: 2_400, version: 2 })
    expect(await shop.put(id, lamp, 1)).toMatchObject({ total: 7_300, version: 3 })
    expect(await shop.put(id, mug, 1)).toMatchObject({ total: 6_100, version: 4, lines: [{ quantity: 1 }, {}] })
    expect(await shop.put(id, mug, 1)).toMatchObject({ status: 200, version: 4 })
    const removed = await shop.cart('DELETE', `/${id}/lines/${lamp}`)
    expect(removed).toMatchObject({ status: 200, total: 1_200, version: 5, lines: [{ chrt_id: mug, price: 1_200 }] })
    expect(await shop.cart('DELETE', `/${id}/lines/${lamp}`)).toMatchObject({ status: 200, version: 5 })
  })

  test('that another instance has changed, or its worker, is read again by one that remembers it', async () => {
    const other = appOn(t.pool, { address: t.address, now: () => nowMs })
    const elsewhere = cartActions(async (method, path, { body } = {}) => {
      const headers = { 'content-type': 'application/json' }
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      return other.fetch(new Request(`http://localhost${path}`, init))
    })
    const { id } = await shop.create()
    expect(await shop.put(id, mug, 1)).toMatchObject({ version: 2, total: 1_200 })
    expect(await elsewhere.put(id, lamp, 1)).toMatchObject({ version: 3, total: 6_100 })
    expect(await shop.put(id, mug, 2)).toMatchObject({ version: 4, total: 7_300 })
    expect(await elsewhere.cart('GET', `/${id}`)).toMatchObject({ version: 4, total: 7_300 })
    const said = { email: 'a@b.c', delivery: recipient, delivery_method: 'parcel' }
    const ready = await elsewhere.patch(id, said)
    expect(await shop.cart('GET', `/${id}`)).toMatchObject({ version: 5, ...said })
    // What the worker notes is no change of the version.
    await t.pool.query('update carts set next_look_at = next_look_at - interval $$1 hour$$ where cart_id = $1', [id])
    await elsewhere.put(id, mug, 1)
    expect(await shop.checkOut(ready)).toMatchObject({ status: 409, code: 'CART_CHANGED', cart: { version: 6 } })
    for (const { drain } of other.running) await drain?.(5_000)
    for (const { close } of other.running) close?.()
  })

  test('is read again when the database went back in time, and so is what it costs: neither has another version then', async () => {
    const { id } = await shop.create()
    await shop.put(id, mug, 1)
    await shop.patch(id, { delivery: recipient, delivery_method: 'parcel' })
    const read = async () => (await shop.cart('GET', `/${id}`)).total
    const before = await read()
    await t.pool.query(
      'update carts set lines = replace(lines, \'"quantity":1\', \'"quantity":2\') where cart_id = $1',
      [id],
    )
    const price = (cents: number) =>
      t.pool.query(
        "update delivery_methods set prices = json_build_object('USD', $1::int, 'EUR', 500) where method = 'parcel'",
        [cents],
      )
    await price(700)
    expect(await read()).toBe(before)
    const restored = () => {
      for (const { onRestored } of t.app.running) onRestored?.()
    }
    restored()
    expect(await read()).toBe(before + 1_200 + 200)
    await price(500)
    restored()
  })

  test('is changed only in the version that If-Match names', async () => {
    const { id, etag } = await shop.create()
    const headers = { 'if-match': etag ?? '' }
    expect(await shop.put(id, mug, 1, headers)).toMatchObject({ status: 200 })
    expect(await shop.put(id, mug, 2, headers)).toMatchObject({ status: 412, code: 'CART_VERSION_STALE' })
    expect(await shop.patch(id, { note: 'x' }, { 'if-match': 'W/"2"' })).toMatchObject({ status: 200 })
    expect(await shop.put(id, mug, 2, { 'if-match': 'nonsense' })).toMatchObject({ status: 400 })
  })

  test('takes no quantity that is negative, fractional, or beyond the limits of the item', async () => {
    const limited = 110
    const limits = { minQuantity: 2, maxQuantity: 8, quantityStep: 2, maxPerCustomer: 6 }
    await putItems(t.pool, [limited, 100, limits], [111, 100, { active: false }], [112, 100, { prices: { EUR: 1 } }])
    const { id } = await shop.create()
    for (const quantity of [-1, 0, 1.5, 1_001, '2'])
      expect(await shop.cart('PUT', `/${id}/lines/${limited}`, { quantity })).toMatchObject({ status: 400 })
    for (const quantity of [1, 3, 8]) {
      const refused = await shop.put(id, limited, quantity)
      expect(refused).toMatchObject({ status: 409, code: 'CART_LINE_REFUSED', errors: [{ pointer: '/quantity' }] })
    }
    expect(await shop.put(id, limited, 6)).toMatchObject({ status: 200, total: 600 })
    for (const chrtId of [111, 112, 999_999])
      expect(await shop.put(id, chrtId, 1)).toMatchObject({ status: 409, code: 'CART_LINE_REFUSED' })
    expect(await shop.cart('PUT', `/${id}/lines/x`, { quantity: 1 })).toMatchObject({ status: 400 })
  })

  test('keeps what is said of the recipient; null removes; card numbers are refused', async () => {
    const { id } = await shop.create()
    const said = {
      email: 'a@b.c',
      delivery: recipient,
      note: 'ring twice',
      metadata: { source: 'ad' },
      customer_id: 'c-1',
    }
    expect(await shop.patch(id, said)).toMatchObject({ status: 200, ...said })
    expect(await shop.patch(id, said)).toMatchObject({ status: 200, version: 2 })
    expect(await shop.patch(id, { note: null })).toMatchObject({ note: null, email: 'a@b.c', version: 3 })
    const refused = await shop.patch(id, { note: 'card 4242 4242 4242 4242', metadata: { deep: ['4242424242424242'] } })
    expect(refused).toMatchObject({ status: 422, code: 'CARD_DATA_REFUSED' })
    expect(refused.errors?.map(({ pointer }) => pointer)).toEqual(['/note', '/metadata/deep/0'])
    expect(await shop.patch(id, { delivery: { country: 'gb' } })).toMatchObject({ status: 400 })
    expect(await shop.patch(id, { delivery: { nickname: 'Al' } })).toMatchObject({ status: 400 })
    const address = await shop.patch(id, { delivery: { email: 'nobody' }, email: 7 })
    expect(address.errors?.map(({ pointer }) => pointer)).toEqual(['/email', '/delivery/email'])
    expect((await shop.patch(id, { delivery: 7 })).errors).toEqual([{ pointer: '/delivery', detail: 'must be object' }])
    const nowhere = await shop.patch(id, { delivery: { ...recipient, country: 'XX' } })
    expect(nowhere).toMatchObject({ status: 400, code: 'REQUEST_INVALID', errors: [{ pointer: '/delivery/country' }] })
  })

  test('warns of prices that have changed, stock that is short, codes and methods that do not apply', async () => {
    await putItems(t.pool, [120, 100], [121, 100])
    await stockUp(t, 121, 2)
    const { id } = await shop.create()
    await shop.put(id, 120, 1)
    await shop.put(id, 121, 3)
    await shop.patch(id, { discount_codes: ['nothing'], delivery_method: 'dragon' })
    await putItems(t.pool, [120, 150])
    const { warnings, lines, total } = await shop.cart('GET', `/${id}`)
    expect(warnings.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'price_changed /lines/0',
      'code_not_applicable /discount_codes/0',
      'method_unavailable /delivery_method',
      'out_of_stock /lines/1',
    ])
    expect(lines[0]).toMatchObject({ price: 150, price_when_added: 100 })
    expect(total).toBe(450)
  })
})

const boot = 'a-key-of-the-configuration-0123456789'

describe('who may open a cart', () => {
  test('its own token, or a key with carts:write; no other', async () => {
    const closed = await createTestApp({ isLocal: false, env: { API_KEYS: `${boot}=admin` } })
    const key = async (scope: string) => {
      const body = { name: scope, scopes: [scope] }
      const headers = { authorization: `Bearer ${boot}` }
      return ((await (await closed.call('POST', '/api/keys', { body, headers })).json()) as { key: string }).key
    }
    const [writer, reader] = [await key('carts:write'), await key('orders:read')]
    const by = (token: string) => ({ authorization: `Bearer ${token}` })
    const actions = cartActions(closed.call)
    expect(await actions.cart('POST', '', { currency: 'USD' })).toMatchObject({ status: 401 })
    const mine = await actions.cart('POST', '', { currency: 'USD' }, by(writer))
    const other = await actions.cart('POST', '', { currency: 'USD' }, by(writer))
    expect(await actions.cart('GET', `/${mine.id}`, undefined, by(mine.cart_token))).toMatchObject({ status: 200 })
    expect(await actions.cart('GET', `/${mine.id}`, undefined, by(writer))).toMatchObject({ status: 200 })
    expect(await actions.cart('GET', `/${mine.id}`, undefined, by(reader))).toMatchObject({ status: 403 })
    expect(await actions.cart('GET', `/${mine.id}`)).toMatchObject({ status: 401 })
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { note: 'x' }],
      ['PUT', '/lines/1', { quantity: 1 }],
      ['DELETE', '/lines/1', undefined],
      ['POST', '/merge', { from: mine.id, rule: 'sum' }],
      ['POST', '/checkout', { expected_total: 0 }],
    ] as const) {
      const refused = await actions.cart(method, `/${other.id}${path}`, body, by(mine.cart_token))
      expect(refused).toMatchObject({ status: 404, code: 'CART_NOT_FOUND' })
    }
    // A token opens nothing else.
    for (const path of ['/api/carts', '/api/orders', '/api/keys'])
      expect((await closed.call('GET', path, { headers: by(mine.cart_token) })).status).toBe(401)
    const merge = { from: other.id, rule: 'sum' }
    expect(await actions.cart('POST', `/${mine.id}/merge`, merge, by(mine.cart_token))).toMatchObject({ status: 404 })
    const both = { ...merge, from_token: other.cart_token }
    expect(await actions.cart('POST', `/${mine.id}/merge`, both, by(mine.cart_token))).toMatchObject({ status: 200 })
    await closed.close()
  })

  test('an answer that is kept for a key of one token is not given to another', async () => {
    const [mine, other] = [await shop.create(), await shop.create()]
    const from = await shop.create()
    const headers = (token: string) => ({ authorization: `Bearer ${token}`, 'idempotency-key': 'merge-1' })
    const body = { from: from.id, from_token: from.cart_token, rule: 'sum' }
    expect(await shop.cart('POST', `/${mine.id}/merge`, body, headers(mine.cart_token))).toMatchObject({ status: 200 })
    const stolen = await shop.cart('POST', `/${mine.id}/merge`, body, headers(other.cart_token))
    expect(stolen).toMatchObject({ status: 404 })
  })
})

describe('merge', () => {
  test('takes over lines by the rule, capped by limits with a warning, and once however often it is pressed', async () => {
    await putItems(t.pool, [130, 10, { maxQuantity: 5 }], [131, 10])
    for (const [rule, quantity] of [
      ['sum', 5],
      ['max', 4],
      ['keep', 3],
      ['replace', 4],
    ] as const) {
      const [into, from] = [await shop.create(), await shop.create({ customer_id: 'c-2' })]
      await shop.put(into.id, 130, 3)
      await shop.put(from.id, 130, 4)
      await shop.put(from.id, 131, 1)
      await shop.patch(from.id, { email: 'a@b.c', delivery: recipient })
      const press = () => shop.cart('POST', `/${into.id}/merge`, { from: from.id, rule })
      const [merged, again] = [await press(), await press()]
      expect(merged.lines.map(line => line.quantity)).toEqual([quantity, 1])
      expect(merged.warnings.map(({ code }) => code)).toEqual(rule === 'sum' ? ['quantity_limited'] : [])
      expect(again).toMatchObject({ status: 200, version: merged.version, total: merged.total, customer_id: 'c-2' })
      expect(merged).toMatchObject({ email: 'a@b.c', delivery: recipient })
      const gone = { email: null, delivery: null }
      expect(await shop.cart('GET', `/${from.id}`)).toMatchObject({ state: 'merged', merged_into: into.id, ...gone })
      const elsewhere = await shop.create()
      const refused = await shop.cart('POST', `/${elsewhere.id}/merge`, { from: from.id, rule })
      expect(refused).toMatchObject({ status: 409, code: 'CART_STATE_REFUSED' })
    }
  })

  test('of a cart in another currency: lines are priced in the currency of the target, as if added now', async () => {
    await putItems(t.pool, [132, 0, { prices: { USD: 1_000, EUR: 900 } }], [133, 0, { prices: { EUR: 5 } }])
    const [into, from] = [await shop.create(), await shop.create({ currency: 'EUR' })]
    for (const chrtId of [132, 133]) await shop.put(from.id, chrtId, 1)
    const merged = await shop.cart('POST', `/${into.id}/merge`, { from: from.id, rule: 'sum' })
    expect(merged).toMatchObject({ status: 200, total: 1_000, lines: [{ price_when_added: 1_000 }, { price: null }] })
    expect(merged.warnings.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'price_missing /lines/1',
      'out_of_stock /lines/1',
    ])
  })

  test('of two carts into each other at once: one wins', async () => {
    const [one, other] = [await shop.create(), await shop.create()]
    await shop.put(one.id, mug, 1)
    await shop.put(other.id, mug, 2)
    const answers = await Promise.all([
      shop.cart('POST', `/${one.id}/merge`, { from: other.id, rule: 'sum' }),
      shop.cart('POST', `/${other.id}/merge`, { from: one.id, rule: 'sum' }),
    ])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expect(answers.find(({ status }) => status === 200)).toMatchObject({ lines: [{ quantity: 3 }] })
  })
})

test('operators list carts of a state, newest first, page by page', async () => {
  nowMs += 1
  const made = [await shop.create(), await shop.create(), await shop.create()]
  const first = await t.call('GET', '/api/carts?state=open&limit=2')
  const page = (await first.json()) as { id: string }[]
  expect(page).toHaveLength(2)
  const [, next = ''] = /<carts\?([^>]*)>/.exec(first.headers.get('link') ?? '') ?? []
  const second = (await (await t.call('GET', `/api/carts?${next}`)).json()) as { id: string }[]
  const ids = [...page, ...second].map(({ id }) => id)
  for (const { id } of made) expect(ids).toContain(id)
  expect((await t.call('GET', '/api/carts?state=gone')).status).toBe(400)
  const abandoned = await (await t.call('GET', '/api/carts?state=open&abandoned=true')).json()
  expect(abandoned).toEqual([])
})

test('operators find the carts of a customer or an email address, exactly, by an index', async () => {
  const [mine, other] = [await shop.create({ customer_id: 'c-77' }), await shop.create({ customer_id: 'c-7' })]
  await shop.patch(other.id, { email: 'mary+x@example.com' })
  const found = async (query: string) => {
    const response = await t.call('GET', `/api/carts?${query}`)
    return ((await response.json()) as { id: string }[]).map(({ id }) => id)
  }
  expect(await found('customer_id=c-77')).toEqual([mine.id])
  expect(await found('email=mary%2Bx%40example.com')).toEqual([other.id])
  for (const none of [
    'customer_id=c-',
    'customer_id=C-77',
    'email=mary',
    'email=mary%2Bx@example.com&customer_id=c-77',
  ])
    expect(await found(none)).toEqual([])
  expect(await found('email=mary%2Bx@example.com&state=checked_out')).toEqual([])
  for (const query of ['email=%00', 'email=', 'customer_id=%00'])
    expect((await t.call('GET', `/api/carts?${query}`)).status).toBe(400)
  const client = await t.pool.connect()
  try {
    const columns = 'token_hash, state, currency, discount_codes, lines, version, sequence, recorded_at, created_at'
    await client.query(
      `begin;
       insert into carts (cart_id, customer_id, email, updated_at, expires_at, next_look_at, ${columns})
       select 'many-' || n, 'b-' || n, n || '@example.com', now(), now(), now(), ${columns}
         from carts cross join generate_series(1, 3000) n where cart_id = '${mine.id}';
       analyze carts`,
    )
    for (const [filter, index] of [
      [{ customerId: 'c-77' }, 'carts_by_customer'],
      [{ email: 'mary+x@example.com' }, 'carts_by_email'],
    ] as const) {
      const { text, values } = listingCarts({ state: 'open', ...filter }, undefined, 101)
      const { rows } = await client.query(`explain ${text}`, values)
      expect(JSON.stringify(rows)).toContain(index)
    }
  } finally {
    client.release(true)
  }
})

describe('carts that nobody works on', () => {
  test('are abandoned once, and expire: empty ones, those of guests and of customers', async () => {
    const startMs = nowMs
    const empty = await shop.create()
    const [guest, customer] = [await shop.create(), await shop.create({ customer_id: 'c-3' })]
    for (const { id } of [guest, customer]) await shop.put(id, mug, 1)
    await shop.patch(guest.id, { email: 'a@b.c', delivery: recipient, note: 'x' })
    const states = () =>
      Promise.all([empty, guest, customer].map(async ({ id }) => (await shop.cart('GET', `/${id}`)).state))
    const abandoned = async () => {
      const sql = "select count(*)::int as n from events where type = 'cart.abandoned' and stream_id = any($1)"
      return (await t.pool.query(sql, [[empty.id, guest.id, customer.id]])).rows[0]?.n
    }
    await sweepAt(startMs + hourMs - 1)
    expect(await abandoned()).toBe(0)
    await sweepAt(startMs + hourMs + 1)
    await sweepAt(startMs + 2 * hourMs)
    expect(await abandoned()).toBe(2)
    await shop.put(customer.id, mug, 2)
    await sweepAt(startMs + 49 * hourMs)
    expect(await abandoned()).toBe(2)
    expect(await states()).toEqual(['expired', 'open', 'open'])
    await sweepAt(startMs + 31 * dayMs)
    expect(await states()).toEqual(['expired', 'expired', 'open'])
    expect(await shop.cart('GET', `/${guest.id}`)).toMatchObject({
      email: null,
      delivery: null,
      lines: [{ quantity: 1 }],
    })
    await sweepAt(startMs + 92 * dayMs)
    expect(await states()).toEqual(['expired', 'expired', 'expired'])
    expect(await shop.put(guest.id, mug, 1)).toMatchObject({ status: 409, code: 'CART_STATE_REFUSED' })
  })
})
