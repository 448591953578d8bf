import { advisoryLockSpaces } from '../advisory-locks.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Answer, Statement } from '../platform/round-trip.ts'
import type { Take } from './allocation.ts'

/**
 * Statements on what carts have reserved, under the uids of the orders that they will become. The transaction holds the locks of the
 * carts.
 */

export type CartTake = Take & Readonly<{ orderUid: string; cartId: string }>

/** What carts hold, by the uid of the order. */
export type HeldByCarts = ReadonlyMap<string, readonly CartTake[]>

type Row = { order_uid: string; chrt_id: number; location: string; quantity: number; cart_id: string | null }

/** What is reserved under the uids of orders. Those that are placed already hold it themselves, and are left out. */
export async function findHeldByCarts(client: Pool | PoolClient, orderUids: readonly string[]): Promise<HeldByCarts> {
  if (orderUids.length === 0) return new Map()
  const { text, values, read } = heldByCarts(orderUids)
  return read((await client.query(text, [...(values ?? [])])) as Answer)
}

/** The statement of `findHeldByCarts`, for a caller that sends it with others. */
export function heldByCarts(orderUids: readonly string[]): Statement<HeldByCarts> {
  return {
    text: `select order_uid, chrt_id::float8 as chrt_id, location, quantity::float8 as quantity, cart_id
             from stock_reservations where order_uid = any($1) and cart_id is not null`,
    values: [orderUids],
    read: ({ rows }: { rows: readonly Row[] }) => Map.groupBy(rows.map(toTake), ({ orderUid }) => orderUid),
  }
}

function toTake({ order_uid: orderUid, chrt_id: chrtId, location, quantity, cart_id }: Row): CartTake {
  return { orderUid, chrtId, location, quantity, cartId: cart_id ?? '' }
}

/**
 * Removes reservations of carts. What is left of them are the movements.
 *
 * @throws Error when one of them is not there
 */
export async function deleteCartTakes(client: PoolClient, takes: readonly CartTake[]): Promise<void> {
  const { rowCount } = await client.query(
    `delete from stock_reservations r
      using unnest($1::text[], $2::bigint[], $3::text[]) as given (order_uid, chrt_id, location)
      where r.order_uid = given.order_uid and r.chrt_id = given.chrt_id and r.location = given.location and r.cart_id is not null`,
    keysOf(takes),
  )
  if (rowCount !== takes.length) throw new Error(`${rowCount} of ${takes.length} reservations of carts were there`)
}

const keysOf = (takes: readonly CartTake[]) => [
  takes.map(({ orderUid }) => orderUid),
  takes.map(({ chrtId }) => chrtId),
  takes.map(({ location }) => location),
]

/** Stores what carts hold from now on, and keeps what they hold already for longer, but not longer than it may be kept. */
export async function saveCartTakes(
  client: PoolClient,
  takes: readonly CartTake[],
  { nowMs, heldMs, heldMaxMs }: Readonly<{ nowMs: number; heldMs: number; heldMaxMs: number }>,
): Promise<void> {
  await client.query(
    `insert into stock_reservations as r (order_uid, chrt_id, location, quantity, cart_id, state, expires_at, reserved_at, updated_at)
     select order_uid, chrt_id, location, quantity, cart_id, 'held', $7::timestamptz, $6::timestamptz, $6
       from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[]) as given (order_uid, chrt_id, location, quantity, cart_id)
         on conflict (order_uid, chrt_id, location) do update
        set expires_at = least(excluded.expires_at, r.reserved_at + make_interval(secs => $8)),
            updated_at = greatest(r.updated_at, excluded.updated_at)`,
    [
      ...keysOf(takes),
      takes.map(({ quantity }) => quantity),
      takes.map(({ cartId }) => cartId),
      new Date(nowMs),
      new Date(nowMs + Math.min(heldMs, heldMaxMs)),
      heldMaxMs / 1000,
    ],
  )
}

/** The orders that are placed take over what their carts hold. @returns how many reservations that were */
export async function handOver(
  client: PoolClient,
  orderUids: readonly string[],
  { nowMs, expiresAtMs }: Readonly<{ nowMs: number; expiresAtMs: number | undefined }>,
): Promise<number> {
  const { rowCount } = await client.query(
    `update stock_reservations
        set cart_id = null, state = $2, expires_at = $3, reserved_at = $4, updated_at = greatest(updated_at, $4)
      where order_uid = any($1) and cart_id is not null`,
    [
      orderUids,
      expiresAtMs === undefined ? 'committed' : 'held',
      expiresAtMs === undefined ? null : new Date(expiresAtMs),
      new Date(nowMs),
    ],
  )
  return rowCount ?? 0
}

export type ExpiringCart = Readonly<{ cartId: string; orderUid: string }>

/** The carts whose reservations are due to expire, the longest due first. */
export async function findExpiringCarts(
  client: Pool | PoolClient,
  { nowMs, cartsMax }: { nowMs: number; cartsMax: number },
): Promise<ExpiringCart[]> {
  const { rows } = await client.query<{ cart_id: string; order_uid: string }>(
    `select distinct cart_id, order_uid
       from (select cart_id, order_uid from stock_reservations
              where expires_at <= $1 and cart_id is not null order by expires_at limit $2) due`,
    [new Date(nowMs), cartsMax],
  )
  return rows.map(({ cart_id: cartId, order_uid: orderUid }) => ({ cartId, orderUid }))
}

/** Locks carts as those who change them do, until the transaction ends. @returns the ids without those that another transaction has */
export async function lockFreeCarts(client: PoolClient, cartIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ cart_id: string }>(
    `select cart_id from unnest($1::text[]) as wanted (cart_id)
      where pg_try_advisory_xact_lock(${advisoryLockSpaces.carts}, hashtext(cart_id))`,
    [cartIds],
  )
  return new Set(rows.map(row => row.cart_id))
}

/** What carts hold that is due to expire. */
export async function findDueTakes(
  client: PoolClient,
  orderUids: readonly string[],
  nowMs: number,
): Promise<CartTake[]> {
  const { rows } = await client.query<Row>(
    `select order_uid, chrt_id::float8 as chrt_id, location, quantity::float8 as quantity, cart_id
       from stock_reservations where order_uid = any($1) and cart_id is not null and expires_at <= $2`,
    [orderUids, new Date(nowMs)],
  )
  return rows.map(toTake)
}
