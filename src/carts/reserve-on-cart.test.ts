import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, openShop, putItems, recipient, stockUp } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { stockOf } from '../../test/stock.ts'
import { expireCarts, reserveForCarts } from '../inventory/cart-reservations.ts'
import { orderUidOf } from './cart.ts'
import { putLine } from './changes.ts'
import { createFactsReader } from './facts.ts'
import { PriceLists } from './price-lists.ts'
import { createRememberedCarts } from './remembered-carts.ts'
import { sweepCarts } from './sweep.ts'
import { createCartWriter } from './writer.ts'

/** Carts that reserve stock before they are checked out: RESERVE_ON=cart. */

let t: TestApp
let shop: ReturnType<typeof cartActions>
let nowMs = Date.now()
const now = () => nowMs

beforeAll(async () => {
  t = await createTestApp({ now, env: { RESERVE_ON: 'cart', RESERVATION_MINUTES: '30' } })
  shop = cartActions(t.call)
  await openShop(t)
})

afterEach(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
})

afterAll(() => t.close())

let item = 500

async function stocked(units: number): Promise<number> {
  item += 1
  await putItems(t.pool, [item, 100])
  await stockUp(t, item, units)
  return item
}

const left = async (chrtId: number) => (await stockOf(t.pool, chrtId)).main

async function held(cartId: string): Promise<string[]> {
  const { rows } = await t.pool.query<{ text: string }>(
    `select chrt_id || ': ' || quantity || ' ' || state || case when cart_id is null then '' else ' by the cart' end as text
       from stock_reservations where order_uid = $1 order by chrt_id`,
    [orderUidOf(cartId)],
  )
  return rows.map(({ text }) => text)
}

/** Another writer of carts. @param reserve undefined: it reserves nothing, as with RESERVE_ON=checkout */
function writerOf(reserve?: Parameters<typeof createCartWriter>[0]['reserve']) {
  const remembered = createRememberedCarts()
  const readFacts = createFactsReader(new PriceLists(t.pool, () => true), { reserves: false })
  return createCartWriter({ pool: t.pool, now, readFacts, remembered, reserve, onEvents: () => undefined })
}

test('a line reserves its units, a further change moves them, and a removed line gives them back', async () => {
  const a = await stocked(3)
  const [one, two] = [await shop.create(), await shop.create()]
  expect(await shop.put(one.id, a, 2)).toMatchObject({ status: 200, warnings: [] })
  expect([await left(a), await held(one.id)]).toEqual(['3/2', [`${a}: 2 held by the cart`]])
  expect(await shop.put(two.id, a, 2)).toMatchObject({
    status: 200,
    warnings: [{ code: 'out_of_stock', detail: '1 left' }],
  })
  expect([await left(a), await held(two.id)]).toEqual(['3/2', []])
  expect(await shop.put(one.id, a, 3)).toMatchObject({ warnings: [] })
  expect(await shop.cart('GET', `/${one.id}`)).toMatchObject({ warnings: [] })
  expect(await left(a)).toBe('3/3')
  expect(await shop.cart('DELETE', `/${one.id}/lines/${a}`)).toMatchObject({ status: 200 })
  expect([await left(a), await held(one.id)]).toEqual(['3/0', []])
})

test('the checkout has the order take over what the cart has reserved, and nobody else', async () => {
  const [a, b] = [await stocked(1), await stocked(1)]
  const [mine, other] = [await shop.fill(), await shop.fill()]
  await shop.put(mine.id, a, 1)
  const ready = await shop.put(mine.id, b, 1)
  const late = await shop.put(other.id, a, 1)
  expect(await shop.checkOut(late)).toMatchObject({ status: 409, code: 'OUT_OF_STOCK' })
  const unpaid = await shop.cart('POST', `/${mine.id}/checkout`, { expected_total: ready.total })
  expect(unpaid).toMatchObject({ status: 201, order: { status: 'pending' } })
  expect(await held(mine.id)).toEqual([`${a}: 1 held`, `${b}: 1 held`])
  expect([await left(a), await left(b)]).toEqual(['1/1', '1/1'])
  const { rows } = await t.pool.query<{ kind: string }>(
    'select kind from stock_movements where chrt_id = $1 order by movement_id',
    [a],
  )
  expect(rows.map(({ kind }) => kind)).toEqual(['received', 'reserved'])
  expect(await shop.checkOut(ready)).toMatchObject({ status: 200, order: { status: 'confirmed' } })
  expect(await held(mine.id)).toEqual([`${a}: 1 committed`, `${b}: 1 committed`])
})

test('a checkout takes what the cart was short of if it is there now, and keeps what it has if it is not', async () => {
  const [a, b] = [await stocked(1), await stocked(1)]
  const { id } = await shop.fill()
  await shop.put(id, a, 1)
  const cart = await shop.put(id, b, 2)
  expect(await shop.checkOut(cart)).toMatchObject({
    ...{ status: 409, code: 'OUT_OF_STOCK', detail: `too little is in stock of ${b} (2 wanted, 1 left)` },
  })
  expect(await held(id)).toEqual([`${a}: 1 held by the cart`])
  await stockUp(t, b, 1)
  expect(await shop.checkOut(cart)).toMatchObject({ status: 201, order: { status: 'confirmed' } })
  expect(await held(id)).toEqual([`${a}: 1 committed`, `${b}: 2 committed`])
})

test('of twenty carts that want one of five units at once, five reserve one and fifteen are told', async () => {
  const a = await stocked(5)
  const carts = await Promise.all(Array.from({ length: 20 }, () => shop.create()))
  const answers = await Promise.all(carts.map(({ id }) => shop.put(id, a, 1)))
  const told = answers.filter(({ warnings }) => warnings.some(({ code }) => code === 'out_of_stock'))
  expect([await left(a), told.length]).toEqual(['5/5', 15])
})

test('a merge hands the stock on', async () => {
  const a = await stocked(3)
  const [into, from] = [await shop.create(), await shop.create()]
  await shop.put(into.id, a, 1)
  await shop.put(from.id, a, 2)
  const merged = await shop.cart('POST', `/${into.id}/merge`, { from: from.id, rule: 'sum' })
  expect(merged).toMatchObject({ status: 200, lines: [{ quantity: 3 }], warnings: [] })
  expect([await held(into.id), await held(from.id)]).toEqual([[`${a}: 3 held by the cart`], []])
})

test('a cart that is left alone gives its stock back after RESERVATION_MINUTES, and can still be checked out', async () => {
  const a = await stocked(1)
  const { id } = await shop.fill()
  const cart = await shop.put(id, a, 1)
  const expire = () => expireCarts({ pool: t.pool, now, lowStockDefault: 5 })
  nowMs += 29 * 60_000
  await shop.patch(id, { delivery: { ...recipient, country: 'DE' } })
  nowMs += 29 * 60_000
  await expire()
  expect(await held(id)).toEqual([`${a}: 1 held by the cart`])
  nowMs += 2 * 60_000
  await Promise.all([expire(), expire()])
  expect([await held(id), await left(a)]).toEqual([[], '1/0'])
  expect(await shop.cart('GET', `/${id}`)).toMatchObject({ state: 'open', warnings: [] })
  expect(await shop.checkOut(cart)).toMatchObject({ status: 201 })
  expect(await held(id)).toEqual([`${a}: 1 committed`])
})

test('what a cart has reserved for other lines, before RESERVE_ON was changed, is given back by its checkout', async () => {
  const a = await stocked(3)
  const { id } = await shop.fill()
  await shop.put(id, a, 2)
  await writerOf().change({
    cartIds: [id],
    wants: { chrtIds: [a] },
    decide: ([cart], facts, ms) => ({
      result: undefined,
      changed: cart === undefined ? [] : [putLine(cart, { chrtId: a, quantity: 3 }, facts, ms)],
    }),
  })
  expect(await held(id)).toEqual([`${a}: 2 held by the cart`])
  expect(await shop.checkOut(await shop.cart('GET', `/${id}`))).toMatchObject({ status: 201 })
  expect([await held(id), await left(a)]).toEqual([[`${a}: 3 committed`], '3/3'])
})

test('an expired cart gives its stock back', async () => {
  const a = await stocked(1)
  const { id } = await shop.create()
  await shop.put(id, a, 1)
  nowMs += 31 * 24 * 3_600_000
  const rules = { heldMs: 1, heldMaxMs: 1, lowStockDefault: 5 }
  const writer = writerOf((client, demands, ms) => reserveForCarts(client, demands, ms, rules))
  await sweepCarts({ pool: t.pool, writer, now, isClockRight: () => true, abandonedAfterMs: 1e12 })
  expect(await shop.cart('GET', `/${id}`)).toMatchObject({ state: 'expired' })
  expect([await held(id), await left(a)]).toEqual([[], '1/0'])
})
