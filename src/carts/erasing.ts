import type { ErasePart, EraseStep } from '../erase-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { cartStreamType } from './events.ts'
import { lockingCarts } from './rows.ts'

/** Carts that are looked at by one transaction. */
const cartsMax = 2_000

/**
 * Erases the recipients of a customer's carts, or of the cart that became an order, and of the guests' carts that were merged into one of them. A change of the version tells
 * instances that what they remember of a cart is out of date.
 */
export const eraseCarts: EraseStep = {
  name: 'carts',
  async run(client, { whom: { customerId, orderUid } }, position) {
    const { rows } = await client.query<{ cart_id: string; is_theirs: boolean }>(
      `select cart_id,
              num_nonnulls(email, delivery, note, metadata) > 0
                and (${isOf('c')}
                     or exists (select from carts into_cart where into_cart.cart_id = c.merged_into and ${isOf('into_cart')})) as is_theirs
         from (select * from carts where cart_id > $1 order by cart_id limit ${cartsMax}) c
        order by cart_id`,
      [position, customerId ?? null, orderUid ?? null],
    )
    const theirs = rows.flatMap(({ cart_id: cartId, is_theirs: isTheirs }) => (isTheirs ? [cartId] : []))
    if (theirs.length === 0) return { erased: 0, next: rows.at(-1)?.cart_id }
    const [{ busy }] = await inOneRoundTrip(client, [lockingCarts(theirs, [])])
    const erased = await erase(
      client,
      theirs.filter(cartId => !busy.has(cartId)),
    )
    return busy.size > 0 ? { erased, next: position, isBusy: true } : { erased, next: rows.at(-1)?.cart_id }
  },
}

/** SQL of whether a cart is the customer's ($2), or the one that became the order ($3). */
const isOf = (cart: string) => `coalesce(${cart}.customer_id = $2, ${cart}.order_uid = $3, false)`

/** Those of some streams that are carts of whom is erased. */
export const cartStreamsOf: NonNullable<ErasePart['streamsOf']> = async (client, whom, streams) => {
  const ids = streams.flatMap(({ type, id }) => (type === cartStreamType ? id : []))
  if (ids.length === 0) return []
  const { rows } = await client.query<{ cart_id: string }>(
    `select cart_id from carts c
      where cart_id = any($1)
        and (${isOf('c')}
             or exists (select from carts into_cart where into_cart.cart_id = c.merged_into and ${isOf('into_cart')}))`,
    [ids, whom.customerId ?? null, whom.orderUid ?? null],
  )
  return rows.map(row => ({ type: cartStreamType, id: row.cart_id }))
}

async function erase(client: PoolClient, cartIds: readonly string[]): Promise<number> {
  const { rowCount } = await client.query(
    `update carts
        set email = null, delivery = null, note = null, metadata = null, version = version + 1
      where cart_id = any($1)`,
    [cartIds],
  )
  return rowCount ?? 0
}
