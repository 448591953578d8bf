import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { makeOrders } from '../../test/orders.ts'
import { inTransaction, type PoolClient } from '../platform/postgres.ts'
import { type CodeUse, customerKey, decideUses, returnCodes, useCodes } from './code-uses.ts'
import { codeKey, type Discount } from './discount.ts'
import { findDiscounts, findUses, putDiscount, useKey } from './discount-queries.ts'
import { lockLimits } from './limit-locks.ts'
import { priceChecks } from './price-checks.ts'

/** Codes are used by exactly as many orders as may, whatever happens at once. */

let t: TestApp
const nowMs = Date.UTC(2026, 10, 29)

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

function discountOf(code: string, more: Partial<Discount> = {}): Omit<Discount, 'uses'> {
  const bounds = { minimums: null, startsAtMs: null, endsAtMs: null, usesMax: null, usesPerCustomerMax: null }
  return { code, kind: 'percent', percent: 10, amounts: null, ...bounds, active: true, ...more }
}

const make = (code: string, more?: Partial<Discount>) => putDiscount(t.pool, discountOf(code, more), nowMs)
const usesOf = async (code: string) => (await findDiscounts(t.pool, [code])).get(code)?.uses

/** Uses codes as a checkout does: under their locks. */
async function use(client: PoolClient, uses: readonly CodeUse[]) {
  await lockLimits(
    client,
    uses.flatMap(({ codes }) => codes.map(codeKey)),
  )
  return useCodes(client, uses, nowMs)
}

/** Uses of orders that exist. */
async function usesBy(prefix: string, count: number, codes: readonly string[], customer: (index: number) => string) {
  const orders = makeOrders(count, prefix)
  await t
    .call('POST', '/api/orders/batch', { body: orders.map(order => JSON.stringify(order)).join('\n') })
    .then(r => r.text())
  return orders.map(
    ({ order_uid: orderUid }, index): CodeUse => ({
      orderUid,
      codes,
      customer: customerKey({ customerId: customer(index) }),
    }),
  )
}

async function brokenRules(): Promise<string[]> {
  const found = await Promise.all(priceChecks.map(({ sql }) => t.pool.query(sql)))
  return priceChecks.filter((_, index) => (found[index]?.rowCount ?? 0) > 0).map(({ name }) => name)
}

test('a code with limit 100 is used by exactly 100 of 300 buyers, and one of each customer by exactly one', async () => {
  await make('Rush', { usesMax: 100, usesPerCustomerMax: 1 })
  await make('OTHER', { usesMax: 1_000 })
  // Each customer presses three times.
  const uses = await usesBy('rush', 300, ['rush', 'other'], index => `c-${index % 120}`)
  const turned = uses.map((use, index) => (index % 2 === 0 ? use : { ...use, codes: use.codes.toReversed() }))
  const groups = Array.from({ length: 60 }, (_, index) => turned.filter((__, at) => at % 60 === index))
  const results = await Promise.all(groups.map(group => inTransaction(t.pool, client => use(client, group))))
  expect(results.flat().filter(code => code === undefined)).toHaveLength(100)
  // An order that has lost one code has used none of the others.
  expect([await usesOf('rush'), await usesOf('other')]).toEqual([100, 100])
  const { rows } = await t.pool.query(
    'select max(uses)::int as most, count(*)::int from discount_customers where uses > 0',
  )
  expect(rows).toEqual([{ most: 1, count: 200 }])
  expect(await brokenRules()).toEqual([])
})

test('what cancelled orders have used is free again, once', async () => {
  await make('FEW', { usesMax: 2 })
  const uses = await usesBy('few', 4, ['FEW'], () => 'one')
  const useOne = (index: number) => inTransaction(t.pool, client => use(client, uses.slice(index, index + 1)))
  for (const index of [0, 1]) expect(await useOne(index)).toEqual([undefined])
  expect(await useOne(2)).toEqual(['FEW'])
  const give = () =>
    inTransaction(t.pool, client =>
      returnCodes(
        client,
        uses.slice(0, 1).map(({ orderUid }) => orderUid),
      ),
    )
  await Promise.all([give(), give(), give()])
  expect(await usesOf('few')).toBe(1)
  expect(await useOne(2)).toEqual([undefined])
  expect(await useOne(3)).toEqual(['FEW'])
  const customer = uses[0]?.customer ?? ''
  expect((await findUses(t.pool, ['few'], [customer])).get(useKey('FEW', customer))).toBe(2)
  expect(await brokenRules()).toEqual([])
})

test('cancelling an order gives its codes back', async () => {
  await make('ONCE', { usesMax: 1 })
  const uses = await usesBy('once', 1, ['ONCE'], () => 'one')
  await inTransaction(t.pool, client => use(client, uses))
  expect(await usesOf('once')).toBe(1)
  expect((await t.call('POST', `/api/orders/${uses[0]?.orderUid}/cancel`)).status).toBe(200)
  expect(await usesOf('once')).toBe(0)
  expect(await brokenRules()).toEqual([])
})

test('a transaction that is taken back has used nothing', async () => {
  await make('UNDONE')
  const uses = await usesBy('undone', 1, ['UNDONE'], () => 'one')
  const undone = inTransaction(t.pool, async client => {
    expect(await use(client, uses)).toEqual([undefined])
    throw new Error('taken back')
  })
  await expect(undone).rejects.toThrow('taken back')
  expect(await usesOf('undone')).toBe(0)
  expect(await brokenRules()).toEqual([])
})

test('the database itself refuses a use beyond the limit', async () => {
  await make('WALL', { usesMax: 1 })
  const beyond = t.pool.query("update discounts set uses = 2 where code_key = 'wall'")
  await expect(beyond).rejects.toThrow('discount_is_not_overused')
})

test('codes are decided in the order in which they came, and only while they apply', () => {
  const known = (code: string, more: Partial<Discount> = {}) => [code, { ...discountOf(code, more), uses: 0 }] as const
  const discounts = new Map<string, Discount>([
    known('a', { usesMax: 1 }),
    known('b', { usesPerCustomerMax: 1 }),
    known('off', { active: false }),
    known('early', { startsAtMs: nowMs + 1 }),
    known('late', { endsAtMs: nowMs }),
    known('now', { startsAtMs: nowMs, endsAtMs: nowMs + 1 }),
  ])
  const refusals = (...uses: [codes: string[], customer: string][]) =>
    decideUses(
      uses.map(([codes, customer]) => ({ orderUid: '', codes, customer })),
      discounts,
      new Map(),
      nowMs,
    )
  expect(refusals([['A', 'b'], 'x'], [['a'], 'y'], [['b'], 'x'], [['b'], 'y'])).toEqual([
    undefined,
    'a',
    'b',
    undefined,
  ])
  expect(refusals([['b', 'a'], 'x'], [['b', 'a'], 'y'], [['b'], 'y'])).toEqual([undefined, 'a', undefined])
  expect(refusals([['a', 'A'], 'x'], [[], 'y'], [['none'], 'y'])).toEqual([undefined, undefined, 'none'])
  expect(refusals([['off'], 'x'], [['early'], 'x'], [['late'], 'x'], [['now'], 'x'])).toEqual([
    'off',
    'early',
    'late',
    undefined,
  ])
})

test('a customer is told apart by id, or else by email address in any case, and is not stored', () => {
  expect(customerKey({ customerId: '', email: 'Ada@Example.com' })).toBe(customerKey({ email: 'ada@example.com' }))
  expect(customerKey({ customerId: 'email:a@b' })).not.toBe(customerKey({ email: 'a@b' }))
  expect(customerKey({ customerId: 'c-1', email: 'a@b' })).toBe(customerKey({ customerId: 'c-1' }))
  expect(customerKey({ customerId: 'c-1' })).toMatch(/^[0-9a-f]{64}$/)
})
