import { expect } from 'bun:test'
import type { CartView } from '../src/carts/views.ts'
import type { Item } from '../src/inventory/item.ts'
import { saveItems } from '../src/inventory/item-save.ts'
import type { PaymentView } from '../src/payments/views.ts'
import { inTransaction, type Pool } from '../src/platform/postgres.ts'
import type { TestApp } from './app.ts'

/** Carts of a test, over HTTP. */

type Problem = { code: string; errors?: { pointer: string; detail: string }[]; cart?: CartView }

/** An answer about a cart, or the refusal. */
export type CartAnswer = CartView & Problem & { status: number; etag: string | null; cart_token: string }
export type CheckoutAnswer = Problem & { status: number; order: StoredOrder; payment: PaymentView | null }
type StoredOrder = {
  order_uid: string
  status: string
  payment_status: string
  payment: { amount: number }
  items: { chrt_id: number; rid: string }[]
}

export const recipient = {
  name: 'Ada Lovelace',
  phone: '+44 20 7946 0000',
  zip: 'SW1Y 4JH',
  city: 'London',
  address: '12 St James’s Square',
  region: '',
  country: 'GB',
}

/** The items that tests sell, in USD. */
export const mug = 101
export const lamp = 102

const item = (chrtId: number, name: string, price: number, change: Partial<Item> = {}): Item => ({
  ...{ chrtId, nmId: chrtId, name, brand: 'Test', size: '0', prices: { USD: price, EUR: price }, sale: 0 },
  ...{ taxClass: 'standard', active: true, minQuantity: 1, maxQuantity: undefined, quantityStep: 1 },
  ...{ maxPerCustomer: undefined, backorder: 'refuse', backorderLimit: undefined, lowStock: undefined },
  ...{ availableFromMs: undefined, updatedAtMs: 0 },
  ...change,
})

/** Changes items, or adds them. */
export function putItems(pool: Pool, ...items: [chrtId: number, price: number, change?: Partial<Item>][]) {
  return inTransaction(pool, client =>
    saveItems(
      client,
      items.map(([chrtId, price, change]) => item(chrtId, `item ${chrtId}`, price, change)),
      Date.now(),
    ),
  )
}

/** Has units of an item be on hand. From then on it is tracked. */
export async function stockUp({ call }: Pick<TestApp, 'call'>, chrtId: number, quantity: number): Promise<void> {
  const body = { location: 'main', kind: 'received', quantity, reason: 'delivered', actor: 'test' }
  expect((await call('POST', `/api/stock/${chrtId}/movements`, { body })).status).toBe(201)
}

/** Adds what carts need: two items, and a delivery method that costs 500. */
export async function openShop({ pool, call }: Pick<TestApp, 'pool' | 'call'>): Promise<void> {
  await putItems(pool, [mug, 1_200], [lamp, 4_900])
  const body = { name: 'Post', prices: { USD: 500, EUR: 500 }, countries: ['GB', 'DE'] }
  expect((await call('PUT', '/api/delivery-methods/parcel', { body })).status).toBe(201)
}

/** What tests do with carts. */
export function cartActions(call: TestApp['call']) {
  const ask = async <Answer>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await call(method, path, { body, headers })
    const answer = (await response.json()) as Answer
    return { ...answer, status: response.status, etag: response.headers.get('etag') }
  }
  const cart = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    ask<CartAnswer>(method, `/api/carts${path}`, body, headers)
  return {
    cart,
    create: (body: object = {}) => cart('POST', '', { currency: 'USD', ...body }),
    put: (id: string, chrtId: number, quantity: number, headers?: Record<string, string>) =>
      cart('PUT', `/${id}/lines/${chrtId}`, { quantity }, headers),
    patch: (id: string, body: object, headers?: Record<string, string>) => cart('PATCH', `/${id}`, body, headers),
    /** A cart with two lines that can be checked out. */
    async fill(change: object = {}): Promise<CartAnswer> {
      const { id } = await cart('POST', '', { currency: 'USD' })
      await cart('PUT', `/${id}/lines/${mug}`, { quantity: 2 })
      await cart('PUT', `/${id}/lines/${lamp}`, { quantity: 1 })
      const body = { email: 'ada@example.com', delivery: recipient, delivery_method: 'parcel', ...change }
      const filled = await cart('PATCH', `/${id}`, body)
      expect(filled).toMatchObject({ status: 200 })
      return filled
    },
    checkOut: ({ id, total }: Pick<CartView, 'id' | 'total'>, token = 'tok_approve', headers = {}) =>
      ask<CheckoutAnswer>(
        'POST',
        `/api/carts/${id}/checkout`,
        { payment: { provider: 'sandbox', method_token: token }, expected_total: total },
        headers,
      ),
  }
}
