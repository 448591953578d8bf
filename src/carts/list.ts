import type { Pool } from '../platform/postgres.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import { type Cart, type CartState, cartStates } from './cart.ts'
import { cartState } from './cart-schemas.ts'
import { cartColumns, type CartRow, toCart } from './rows.ts'

/** The list of carts, for operators. */

export const listParameters = {
  limit: {
    description: 'Carts on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  state: { description: 'In this state; open unless given', schema: cartState },
  abandoned: { description: 'Only those that were found abandoned, or only others', schema: { type: 'boolean' } },
}

export type CartFilter = Readonly<{ state: CartState; abandoned: boolean | undefined }>

/** The last cart of a page. */
type Position = Readonly<{ createdAtMs: number; cartId: string }>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readListQuery(parameters: URLSearchParams): Readonly<{
  filter: CartFilter
  after: Position | undefined
  limit: number
}> {
  const query = new QueryReader(parameters, listParameters)
  const limit = query.limit()
  const cursor = query.text('cursor')
  const after = cursor === undefined ? undefined : decodeCursor(cursor)
  if (cursor !== undefined && after === undefined) query.refuse('cursor', 'taken from a Link header')
  const given = query.text('state') ?? 'open'
  const state = cartStates.find(known => known === given)
  if (state === undefined) query.refuse('state', `one of ${cartStates.join(', ')}`)
  const abandoned = query.text('abandoned')
  if (abandoned !== undefined && abandoned !== 'true' && abandoned !== 'false')
    query.refuse('abandoned', 'true or false')
  query.end()
  const filter = { state: state ?? 'open', abandoned: abandoned === undefined ? undefined : abandoned === 'true' }
  return { filter, after, limit }
}

const cursorForm = /^(\d{1,15})-([\w-]{1,64})$/

export function encodeCursor({ createdAtMs, cartId }: Position): string {
  return `${createdAtMs}-${cartId}`
}

function decodeCursor(cursor: string): Position | undefined {
  const [, ms, cartId] = cursorForm.exec(cursor) ?? []
  return ms === undefined || cartId === undefined ? undefined : { createdAtMs: Number(ms), cartId }
}

/** Carts of a state, newest first. */
export async function listCarts(
  pool: Pool,
  { state, abandoned }: CartFilter,
  after: Position | undefined,
  limit: number,
): Promise<Cart[]> {
  const { rows } = await pool.query<CartRow>(
    `select ${cartColumns}
       from carts
      where state = $1
        and ($2::boolean is null or (abandoned_at is not null) = $2)
        and ($3::timestamptz is null or (created_at, cart_id) < ($3, $4))
      order by created_at desc, cart_id desc
      limit ${limit}`,
    [state, abandoned, after === undefined ? null : new Date(after.createdAtMs), after?.cartId],
  )
  return rows.map(toCart)
}
