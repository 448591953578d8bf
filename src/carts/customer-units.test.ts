import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, openShop, putItems } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { expireUnpaid } from '../orders/commands.ts'
import { decideUnits, findUnits, type LimitedUnits } from './customer-units.ts'

/** An item with max_per_customer is ordered by a customer that often, in all of their carts and orders. */

let t: TestApp
let shop: ReturnType<typeof cartActions>
const limited = 120

beforeAll(async () => {
  t = await createTestApp()
  shop = cartActions(t.call)
  await openShop(t)
  await putItems(t.pool, [limited, 100, { maxPerCustomer: 3 }])
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

/** A cart that is ready for the checkout, with units of the item beside others. */
async function fill(units: number, buyer: object) {
  const { id } = await shop.fill(buyer)
  return shop.put(id, limited, units)
}

const pressUnpaid = ({ id, total }: { id: string; total: number }) =>
  shop.cart('POST', `/${id}/checkout`, { expected_total: total })

test('the limit per customer of an item counts over carts and orders; a cancelled order gives it back', async () => {
  const first = await shop.checkOut(await fill(2, { customer_id: 'c-1' }))
  expect(first).toMatchObject({ status: 201 })
  const detail = 'must be at most 1 beside what was ordered before'
  expect(await fill(2, { customer_id: 'c-1' })).toMatchObject({
    status: 409,
    code: 'CART_LINE_REFUSED',
    errors: [{ pointer: '/quantity', detail }],
  })
  // One that nobody had said the customer of yet.
  const { id } = await shop.create()
  await shop.put(id, limited, 3)
  const named = await shop.patch(id, { customer_id: 'c-1' })
  const warning = { code: 'quantity_limited' as const, pointer: '/lines/0', detail: `the quantity ${detail}` }
  expect(named.warnings).toEqual([warning])
  const { delivery } = await shop.fill()
  const ready = await shop.patch(id, { email: 'a@b.c', delivery, delivery_method: 'parcel' })
  const refused = await shop.checkOut(ready)
  expect(refused).toMatchObject({
    status: 409,
    code: 'CART_INCOMPLETE',
    errors: [{ pointer: '/lines/0/quantity', detail }],
  })
  expect((await shop.cart('GET', `/${id}`)).state).toBe('open')
  expect((await t.call('POST', `/api/orders/${first.order.order_uid}/cancel`)).status).toBe(200)
  expect(await shop.checkOut(ready)).toMatchObject({ status: 201 })
  expect(await fill(1, { customer_id: 'c-1' })).toMatchObject({ code: 'CART_LINE_REFUSED' })
  expect(await fill(3, { customer_id: 'c-2' })).toMatchObject({ status: 200, warnings: [] })
})

test('a guest is counted by email address in any case, and an order that expires gives back what it had', async () => {
  const [first, second] = [await fill(2, { email: 'Eve@Example.com' }), await fill(2, { email: 'other@example.com' })]
  expect(await pressUnpaid(first)).toMatchObject({ status: 201 })
  const moved = await shop.patch(second.id, { email: 'eve@example.com' })
  expect(moved.warnings).toMatchObject([{ code: 'quantity_limited' }])
  const { rows } = await t.pool.query('select c::text as row from customer_units c')
  expect(JSON.stringify(rows).toLowerCase()).not.toContain('eve')
  const nowMs = Date.now() + 60_000
  const parts = t.app.running.flatMap(({ statusChanges = [] }) => statusChanges)
  await expireUnpaid(t.pool, { unpaidSinceMs: nowMs, ordersMax: 10, nowMs, onChanged: () => undefined, parts })
  expect(await shop.checkOut(second)).toMatchObject({ status: 201 })
})

test('a merge takes over as much as its customer may still have', async () => {
  expect(await shop.checkOut(await fill(1, { customer_id: 'c-3' }))).toMatchObject({ status: 201 })
  const [into, from] = [await shop.create({ customer_id: 'c-3' }), await shop.create()]
  await shop.put(from.id, limited, 3)
  const merged = await shop.cart('POST', `/${into.id}/merge`, { from: from.id, rule: 'sum' })
  expect(merged).toMatchObject({ lines: [{ quantity: 2 }], warnings: [{ code: 'quantity_limited' }] })
})

test('six carts of one customer are checked out at once: never more units than the item allows', async () => {
  const carts = await Promise.all(Array.from({ length: 6 }, () => fill(1, { email: 'six@example.com' })))
  const answers = await Promise.all(carts.map(cart => shop.checkOut(cart)))
  const kinds = answers.map(({ status, code = '' }) => `${status} ${code}`.trim())
  expect(kinds.toSorted()).toEqual([...Array(3).fill('201'), ...Array(3).fill('409 CART_INCOMPLETE')])
})

test('orders of one group are decided in turn, and one that has too much of an item gets nothing of another', () => {
  const want = (orderUid: string, chrtId: number, units: number, customer = 'x'): LimitedUnits => ({
    ...{ orderUid, chrtId, units, customer },
    most: 3,
  })
  const wanted = [
    want('a', 1, 2),
    want('b', 1, 2),
    want('b', 2, 1),
    want('c', 1, 1),
    want('d', 2, 3),
    want('e', 1, 3, 'y'),
  ]
  expect([...decideUnits(wanted, new Map())]).toEqual(['b'])
  expect([...decideUnits(wanted, new Map([['x 2', 1]]))]).toEqual(['b', 'd'])
  expect(decideUnits([], new Map()).size).toBe(0)
})

test('nothing is asked of the database for carts without such an item', async () => {
  const nobody = { query: () => Promise.reject(new Error('asked')) } as never
  expect((await findUnits(nobody, ['x'], [])).size).toBe(0)
  expect((await findUnits(nobody, [], [1])).size).toBe(0)
})
