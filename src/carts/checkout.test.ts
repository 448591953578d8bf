import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { type CartAnswer, cartActions, lamp, mug, openShop, putItems, recipient, stockUp } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { paymentActions } from '../../test/payments.ts'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { inTransaction } from '../platform/postgres.ts'

let t: TestApp
let shop: ReturnType<typeof cartActions>
let payments: ReturnType<typeof paymentActions>
/** How far the clock has been set ahead. */
let aheadMs = 0

beforeAll(async () => {
  t = await createTestApp({ now: () => Date.now() + aheadMs })
  shop = cartActions(t.call)
  payments = paymentActions(t)
  await openShop(t)
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

const countOf = async (table: string, id: string) =>
  (await t.pool.query(`select count(*)::int as n from ${table} where order_uid = $1`, [id.replace('cart_', 'ord_')]))
    .rows[0]?.n

describe('checkout', () => {
  test('makes an order of the cart, pays it, and gives the same order when it is pressed again', async () => {
    const cart = await shop.fill({ customer_id: 'c-9', note: 'ring twice', metadata: { source: 'ad' } })
    expect(cart.total).toBe(7_800)
    const first = await shop.checkOut(cart)
    expect(first).toMatchObject({
      status: 201,
      order: {
        status: 'confirmed',
        payment_status: 'paid',
        customer_id: 'c-9',
        delivery_service: 'parcel',
        note: 'ring twice',
        metadata: { source: 'ad' },
        payment: { amount: 7_800, goods_total: 7_300, delivery_cost: 500 },
        delivery: { ...recipient, email: 'ada@example.com' },
      },
      payment: { state: 'captured', amount: 7_800 },
    })
    expect(first.order.items.map(({ chrt_id }) => chrt_id)).toEqual([mug, mug, lamp])
    expect(new Set(first.order.items.map(({ rid }) => rid)).size).toBe(3)
    const again = await shop.checkOut(cart)
    expect(again).toMatchObject({ status: 200, order: first.order, payment: { id: first.payment?.id } })
    expect(await shop.cart('GET', `/${cart.id}`)).toMatchObject({
      state: 'checked_out',
      order_uid: first.order.order_uid,
    })
    expect(await shop.put(cart.id, mug, 1)).toMatchObject({ status: 409, code: 'CART_STATE_REFUSED' })
    expect(await countOf('payments', cart.id)).toBe(1)
    const events = await (await t.call('GET', `/api/orders/${first.order.order_uid}/events`)).json()
    const types = (events as { type: string }[]).map(({ type }) => type)
    expect(types).toEqual(
      expect.arrayContaining(['order.placed', 'cart.checked_out', 'payment.captured', 'order.confirmed']),
    )
  })

  test('without a payment leaves the order to be paid; of nothing it is confirmed at once', async () => {
    const cart = await shop.fill()
    const unpaid = await shop.cart('POST', `/${cart.id}/checkout`, { expected_total: cart.total })
    expect(unpaid).toMatchObject({ status: 201, order: { status: 'pending' }, payment: null })
    expect(await shop.cart('GET', `/${cart.id}`)).toMatchObject({ state: 'checking_out' })
    expect(await shop.checkOut(cart)).toMatchObject({ status: 200, order: { status: 'confirmed' } })
    await putItems(t.pool, [140, 0])
    await t.call('PUT', '/api/delivery-methods/free', { body: { name: 'Pick up', prices: { USD: 0 }, countries: [] } })
    const free = await shop.create()
    await shop.put(free.id, 140, 1)
    const ready = await shop.patch(free.id, { email: 'a@b.c', delivery: recipient, delivery_method: 'free' })
    expect(await shop.checkOut(ready)).toMatchObject({ status: 201, order: { status: 'confirmed' }, payment: null })
  })

  test('needs lines, a recipient, and a method that delivers there', async () => {
    const { id } = await shop.create()
    const empty = await shop.checkOut({ id, total: 0 })
    expect(empty).toMatchObject({ status: 409, code: 'CART_INCOMPLETE' })
    expect(empty.errors?.map(({ pointer }) => pointer)).toEqual([
      ...['/lines', '/delivery/name', '/delivery/phone', '/delivery/zip', '/delivery/city', '/delivery/address'],
      ...['/delivery/country', '/email', '/delivery_method'],
    ])
    const blank = await shop.checkOut(await shop.fill({ delivery: { ...recipient, name: ' ' } }))
    expect(blank).toMatchObject({ code: 'CART_INCOMPLETE', errors: [{ pointer: '/delivery/name' }] })
    const cart = await shop.fill({ delivery: { ...recipient, country: 'FR' } })
    const elsewhere = await shop.checkOut(cart)
    expect(elsewhere).toMatchObject({ code: 'CART_INCOMPLETE', errors: [{ pointer: '/delivery_method' }] })
    const recorded = await shop.cart('POST', `/${(await shop.fill()).id}/checkout`, {
      payment: { provider: 'nobody' },
      expected_total: cart.total + 500,
    })
    expect(recorded).toMatchObject({ status: 422, code: 'PROVIDER_UNKNOWN' })
  })

  test('with a price that has changed since it was read is refused with the new total, which can be accepted', async () => {
    await putItems(t.pool, [150, 1_000])
    const { id } = await shop.fill()
    const cart = await shop.put(id, 150, 1)
    await putItems(t.pool, [150, 1_100])
    const refused = await shop.checkOut(cart)
    expect(refused).toMatchObject({ status: 409, code: 'CART_CHANGED', cart: { total: cart.total + 100 } })
    expect(await countOf('orders', id)).toBe(0)
    expect(await shop.checkOut(refused.cart as CartAnswer)).toMatchObject({ status: 201 })
  })

  test('that is declined leaves the order pending; another token pays it', async () => {
    const cart = await shop.fill()
    const declined = await shop.checkOut(cart, 'tok_decline')
    expect(declined).toMatchObject({ status: 201, order: { status: 'pending' }, payment: { state: 'failed' } })
    expect(await shop.cart('GET', `/${cart.id}`)).toMatchObject({ state: 'checking_out' })
    const other = await shop.checkOut({ ...cart, total: cart.total + 1 })
    expect(other).toMatchObject({ status: 409, code: 'CART_CHANGED' })
    const paid = await shop.checkOut(cart)
    expect(paid).toMatchObject({ status: 200, order: { status: 'confirmed' }, payment: { state: 'captured' } })
    expect(await countOf('payments', cart.id)).toBe(2)
    expect(await shop.checkOut(cart, 'tok_decline')).toMatchObject({ status: 200, payment: { state: 'captured' } })
  })

  test('pressed ten times at once: one order and one payment; the others wait or get the same', async () => {
    const cart = await shop.fill()
    const answers = await Promise.all(Array.from({ length: 10 }, () => shop.checkOut(cart)))
    const kinds = answers.map(({ status, code = '' }) => `${status} ${code}`.trim())
    expect(kinds.filter(kind => kind === '201')).toHaveLength(1)
    for (const kind of kinds) expect(['200', '201', '409 CHECKOUT_IN_PROGRESS']).toContain(kind)
    expect(await countOf('payments', cart.id)).toBe(1)
    expect(await shop.checkOut(cart)).toMatchObject({ status: 200, order: { payment_status: 'paid' } })
  })

  test('of more than is there is refused, and the cart stays open', async () => {
    await putItems(t.pool, [160, 100])
    await stockUp(t, 160, 1)
    const { id } = await shop.fill()
    const cart = await shop.put(id, 160, 2)
    expect(await shop.checkOut(cart)).toMatchObject({
      ...{ status: 409, code: 'OUT_OF_STOCK', detail: 'too little is in stock of 160 (2 wanted, 1 left)' },
      errors: [{ pointer: '/lines/2/chrt_id', detail: '2 wanted, 1 left' }],
    })
    expect(await shop.cart('GET', `/${id}`)).toMatchObject({ state: 'open', version: cart.version })
    expect(await shop.checkOut(await shop.put(id, 160, 1))).toMatchObject({ status: 201 })
  })

  test('of 300 buyers with a code that 100 may use: exactly 100 use it, the others are told their new total', async () => {
    const body = { kind: 'percent', percent: 50, limit: 100, active: true }
    expect((await t.call('PUT', '/api/discounts/HALF', { body })).status).toBe(201)
    const carts = await Promise.all(
      Array.from({ length: 300 }, (_, buyer) => shop.fill({ discount_codes: ['half'], customer_id: `b-${buyer}` })),
    )
    const answers = await Promise.all(carts.map(cart => shop.checkOut(cart)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(100)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['CART_CHANGED']))
    expect(refused[0]?.cart).toMatchObject({ total: 7_800, warnings: [{ code: 'code_not_applicable' }] })
    const { rows } = await t.pool.query("select uses::int from discounts where code_key = 'half'")
    expect(rows).toEqual([{ uses: 100 }])
  })
})

/** Runs workers until something holds. */
async function runUntil(what: string, holds: () => Promise<boolean>, ...names: string[]): Promise<void> {
  const workers = t.app.running.flatMap(({ workers = [] }) => workers).filter(({ name }) => names.includes(name))
  expect(workers).toHaveLength(names.length)
  const stop = new AbortController()
  const ended = Promise.all(workers.map(worker => worker.run(stop.signal)))
  await eventually(what, holds)
  stop.abort()
  await ended
}

const isCheckedOut = async ({ id }: CartAnswer) => (await stateOf(id)) === 'checked_out'

const stateOf = async (id: string) => (await shop.cart('GET', `/${id}`)).state

test('a cart is checked out with the order that is cancelled, and by the worker if another transaction has it then', async () => {
  const [cancelled, taken] = [await shop.fill(), await shop.fill()]
  for (const { id, total } of [cancelled, taken])
    expect(await shop.cart('POST', `/${id}/checkout`, { expected_total: total })).toMatchObject({ status: 201 })
  const body = { reason: 'changed their mind', actor: 'test' }
  const orderOf = ({ id }: CartAnswer) => `/api/orders/${id.replace('cart_', 'ord_')}`
  expect((await t.call('POST', `${orderOf(cancelled)}/cancel`, { body })).status).toBe(200)
  expect(await stateOf(cancelled.id)).toBe('checked_out')
  await inTransaction(t.pool, async client => {
    await client.query('select pg_advisory_xact_lock($1, hashtext($2))', [advisoryLockSpaces.carts, taken.id])
    expect(await payments.pay(taken.id.replace('cart_', 'ord_'))).toMatchObject({ state: 'captured' })
    expect(await stateOf(taken.id)).toBe('checking_out')
  })
  aheadMs += 61_000
  await runUntil('the worker has checked it out', () => isCheckedOut(taken), 'carts')
})

test('a cart whose payment waits for the payer does not expire, and is checked out when it is paid', async () => {
  const [cart, left] = [await shop.fill(), await shop.fill()]
  const waiting = await shop.checkOut(cart, 'tok_action')
  expect(waiting).toMatchObject({
    status: 201,
    payment: { state: 'requires_action', next_action: { type: 'redirect' } },
  })
  expect(await shop.checkOut(cart, 'tok_action')).toMatchObject({ status: 200, payment: { id: waiting.payment?.id } })
  // Longer than any cart is kept: the one beside it is over.
  const beforeMs = aheadMs
  aheadMs += 91 * 24 * 3_600_000
  await runUntil('the other cart has expired', async () => (await stateOf(left.id)) === 'expired', 'carts')
  expect(await stateOf(cart.id)).toBe('checking_out')
  // The log takes no events of times to come.
  aheadMs = beforeMs
  const { next_action: action } = waiting.payment ?? {}
  const { pathname } = new URL(action?.type === 'redirect' ? (action.url ?? '') : '', 'http://localhost')
  expect((await t.call('POST', `${pathname}/approve`)).status).toBeLessThan(400)
  await runUntil('the webhook has said so', () => isCheckedOut(cart), 'sandbox webhooks', 'provider events')
  expect(await shop.checkOut(cart)).toMatchObject({
    status: 200,
    order: { status: 'confirmed', payment_status: 'paid' },
  })
})

test('presses are counted by what came of them, and carts by what the worker has found', async () => {
  const { id, total } = await shop.fill()
  await shop.cart('POST', `/${id}/checkout`, { expected_total: total })
  await shop.create()
  const text = await (await t.call('GET', '/metrics')).text()
  const figureOf = (series: string) =>
    Number(
      text
        .split('\n')
        .find(line => line.startsWith(`${series} `))
        ?.slice(series.length),
    )
  for (const outcome of ['placed', 'repeated', 'CART_CHANGED', 'CART_INCOMPLETE', 'OUT_OF_STOCK', 'PROVIDER_UNKNOWN'])
    expect([outcome, figureOf(`cart_checkouts_total{outcome="${outcome}"}`) > 0]).toEqual([outcome, true])
  expect(figureOf('carts_swept_total{outcome="expired"}')).toBeGreaterThan(0)
  expect(figureOf('carts_swept_total{outcome="checked_out"}')).toBe(1)
  expect(figureOf('carts_open')).toBeGreaterThan(0)
  expect([figureOf('carts_checking_out'), figureOf('carts_overdue_seconds')]).toEqual([1, 0])
})
