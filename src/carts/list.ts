import type { Pool } from '../platform/postgres.ts'
import { pageParameters, QueryReader } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
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

/** Carts of a state, newest first. */
export async function listCarts(
  pool: Pool,
  filter: CartFilter,
  after: TimedPosition | undefined,
  limit: number,
): Promise<Cart[]> {
  const { rows } = await pool.query<CartRow>(listingCarts(filter, after, limit))
  return rows.map(toCart)
}

/** The statement of a list. Each filter has a text of its own, so that the carts of a customer are found by their index. */
export function listingCarts(
  { state, abandoned, customerId, email }: CartFilter,
  after: TimedPosition | undefined,
  limit: number,
) {
  return {
    text: `select ${cartColumns}
       from carts
      where state = $1
        and ($2::boolean is null or (abandoned_at is not null) = $2)
        and ($3::timestamptz is null or (created_at, cart_id) < ($3, $4))
        and ${customerId === undefined ? '$5::text is null' : 'customer_id = $5'}
        and ${email === undefined ? '$6::text is null' : 'email = $6'}
      order by created_at desc, cart_id desc
      limit ${limit}`,
    values: [state, abandoned, after && new Date(after.atMs), after?.id, customerId, email],
  }
}
