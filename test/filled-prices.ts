import { expect } from 'bun:test'
import { customerKey, useCodes } from '../src/carts/code-uses.ts'
import { inTransaction } from '../src/platform/postgres.ts'
import type { TestApp } from './app.ts'

/**
 * Fills the tables of prices.
 *
 * @param prefix of orders by `makeOrders`, two of which use a code
 */
export async function fillPrices({ call, pool }: Pick<TestApp, 'call' | 'pool'>, prefix: string): Promise<void> {
  const put = async (path: string, body: object) => {
    expect((await call('PUT', `/api/${path}`, { body })).status).toBe(201)
  }
  const [starts_at, ends_at] = ['2026-01-01T00:00:00Z', '2100-01-01T00:00:00Z']
  const bounds = { minimums: { USD: 1000 }, starts_at, ends_at, limit: 10, limit_per_customer: 2 }
  await put('discounts/Welcome', { kind: 'percent', percent: 10, ...bounds })
  await put('discounts/five', { kind: 'fixed', amounts: { USD: 500 }, active: false })
  const post = {
    name: 'Post',
    prices: { USD: 500 },
    free_from: { USD: 5000 },
    countries: ['US'],
    tax_class: 'standard',
  }
  await put('delivery-methods/post', post)
  await put('tax-rates/ny', { country: 'US', region: 'New York', name: 'Sales tax', rate_ppm: 88_750 })
  const uses = [`${prefix}-5`, `${prefix}-6`].map(orderUid => ({
    ...{ orderUid, codes: ['WELCOME'] },
    customer: customerKey({ email: 'test@example.com' }),
  }))
  expect(await inTransaction(pool, client => useCodes(client, uses, Date.now()))).toEqual([undefined, undefined])
}
