import type { Pool } from '../platform/postgres.ts'
import { pageParameters, QueryReader } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import { pageOf, walkedRows } from '../platform/walked-page.ts'
import { type Cart, type CartState, cartStates } from './cart.ts'
import { cartState } from './cart-schemas.ts'
import { cartColumns, type CartRow, toCart } from './rows.ts'

/** The list of carts, for operators. */

export const listParameters = {
  ...pageParameters('Carts'),
  state: { description: 'In this state; open unless given', schema: cartState },
  abandoned: { description: 'Only those that were found abandoned, or only others', schema: { type: 'boolean' } },
  customer_id: { description: 'Of this customer', schema: { type: 'string' } },
  email: { description: 'With exactly this email address', schema: { type: 'string' } },
}

export type CartFilter = Readonly<{
  state: CartState
  abandoned?: boolean | undefined
  customerId?: string | undefined
  email?: string | undefined
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): Readonly<{
  filter: CartFilter
  after: TimedPosition | undefined
  limit: number
}> {
  const query = new QueryReader(parameters, listParameters)
  const limit = query.limit()
  const after = query.cursor(decodeTimedCursor)
  const state = query.word('state', cartStates) ?? 'open'
  const abandoned = query.flag('abandoned')
  const [customerId, email] = [query.storableText('customer_id'), query.storableText('email')]
  query.end()
  return { filter: { state, abandoned, customerId, email }, after, limit }
}

/** A page of carts, and where the next one begins: undefined on the last page. */
export type CartPage = Readonly<{ carts: readonly Cart[]; next: TimedPosition | undefined }>

/**
 * A page of the carts of a state, newest first. A page of abandoned carts, or of others, checks a bounded number, and may have fewer than the limit.
 *
 * @param after the cart before the page
 */
export async function listCarts(
  pool: Pool,
  filter: CartFilter,
  after: TimedPosition | undefined,
  limit: number,
): Promise<CartPage> {
  const { text, values, conditions } = listingCarts(filter, after, limit)
  const { rows } = await pool.query<CartRow & { fits: boolean; number: string }>(text, values)
  const page = pageOf(rows, { conditions, limit })
  const carts = page.rows.map(toCart)
  const last = page.last && toCart(page.last)
  return { carts, next: last && { atMs: last.createdAtMs, id: last.cartId } }
}

/** The statement of a list. Each filter has a text of its own, so that the carts of a customer are found by their index. */
export function listingCarts(
  { state, abandoned, customerId, email }: CartFilter,
  after: TimedPosition | undefined,
  limit: number,
) {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds = [`state = ${value(state)}`]
  if (customerId !== undefined) bounds.push(`customer_id = ${value(customerId)}`)
  if (email !== undefined) bounds.push(`email = ${value(email)}`)
  if (after !== undefined)
    bounds.push(`(created_at, cart_id) < (${value(new Date(after.atMs))}::timestamptz, ${value(after.id)})`)
  const conditions = abandoned === undefined ? [] : [`abandoned_at is ${abandoned ? 'not null' : 'null'}`]
  const walk = { table: 'carts', keys: ['cart_id'], sortedBy: ['created_at', 'cart_id'] }
  const text = `select ${cartColumns}, k.fits, k.number
       from ${walkedRows({ ...walk, bounds, conditions, limit })} k
       join carts using (cart_id)
      order by carts.created_at desc, cart_id desc`
  return { text, values, conditions }
}
