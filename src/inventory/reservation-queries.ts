import { type Copy, copyOf } from '../platform/copy.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { command, type Statement } from '../platform/round-trip.ts'
import type { Take } from './allocation.ts'
import type { Reservation, ReservationState } from './reservation.ts'

/** Statements on what orders have reserved and wait for. The transaction holds the locks of the orders, or places them. */

/** What an order reserves, with its placement. */
export type Reserving = Readonly<{
  orderUid: string
  takes: readonly Take[]
  /** Milliseconds since 1970, like all times here; undefined: it is committed and does not expire. */
  expiresAtMs: number | undefined
  reservedAtMs: number
}>

/** The rows of the reservations of orders that are placed. */
export function copyOfReservations(reserving: readonly Reserving[]): Copy {
  const columns = 'order_uid, chrt_id, location, quantity, state, expires_at, reserved_at, updated_at'
  return copyOf('stock_reservations', columns, reserving, ({ orderUid, takes, expiresAtMs, reservedAtMs }, writer) => {
    for (const { chrtId, location, quantity } of takes) {
      writer.row(8)
      writer.text(orderUid)
      writer.bigint(chrtId)
      writer.text(location)
      writer.bigint(quantity)
      writer.text(expiresAtMs === undefined ? 'committed' : 'held')
      if (expiresAtMs === undefined) writer.null()
      else writer.timestamp(expiresAtMs)
      writer.timestamp(reservedAtMs)
      writer.timestamp(reservedAtMs)
    }
  })
}

/** An order that waits for stock, and what it waits for. */
export type Wait = Readonly<{
  orderUid: string
  /** Units by item: all that it wants of tracked items, since it has reserved nothing. */
  units: ReadonlyMap<number, number>
  /** Its place in the queue. */
  sinceMs: number
  /** The sequence of its last event; 0: it was not told yet that it waits. */
  version: number
  /** Whether the order was put on hold because of it. */
  holdsOrder: boolean
  updatedAtMs: number
}>

/** The rows of orders that are placed on hold and wait for stock, of which their first event tells. */
export function copiesOfWaits(waits: readonly Pick<Wait, 'orderUid' | 'units' | 'sinceMs'>[]): Copy[] {
  const items = waits.flatMap(({ orderUid, units, sinceMs }) =>
    [...units].map(([chrtId, missing]) => ({ orderUid, chrtId, missing, sinceMs })),
  )
  return [
    copyOf('stock_shortfalls', 'order_uid, chrt_id, missing, since', items, (item, writer) => {
      writer.row(4)
      writer.text(item.orderUid)
      writer.bigint(item.chrtId)
      writer.bigint(item.missing)
      writer.timestamp(item.sinceMs)
    }),
    copyOf('stock_waits', 'order_uid, version, since, updated_at', waits, (wait, writer) => {
      writer.row(4)
      writer.text(wait.orderUid)
      writer.integer(1)
      writer.timestamp(wait.sinceMs)
      writer.timestamp(wait.sinceMs)
    }),
  ]
}

type ReservationRow = {
  order_uid: string
  chrt_id: number
  location: string
  quantity: number
  shipped: number
  state: ReservationState
}

function toReservation({ order_uid: orderUid, chrt_id: chrtId, ...row }: ReservationRow): Reservation {
  return { orderUid, chrtId, ...row }
}

const reservationColumns =
  'order_uid, chrt_id::float8 as chrt_id, location, quantity::float8 as quantity, shipped::float8 as shipped, state'

/** The reservations of orders in some of the states. */
export async function findReservations(
  client: Pool | PoolClient,
  orderUids: readonly string[],
  states: readonly ReservationState[],
): Promise<Reservation[]> {
  const { rows } = await client.query<ReservationRow>(
    `select ${reservationColumns} from stock_reservations
      where order_uid = any($1) and state = any($2)
      order by order_uid, chrt_id, location`,
    [orderUids, states],
  )
  return rows.map(toReservation)
}

/**
 * Moves all reservations of orders from some states to another. They expire no more. The clock of another instance may be ahead: times do
 * not run backwards.
 *
 * @param orderUids their orders
 */
export async function moveReservations(
  client: PoolClient,
  orderUids: readonly string[],
  { from, to, nowMs }: { from: readonly ReservationState[]; to: ReservationState; nowMs: number },
): Promise<void> {
  await client.query(
    `update stock_reservations
        set state = $3, expires_at = null, updated_at = greatest(updated_at, $4), shipped = case when $3 = 'shipped' then quantity else shipped end
      where order_uid = any($1) and state = any($2)`,
    [orderUids, from, to, new Date(nowMs)],
  )
}

/**
 * Commits what confirmed orders hold.
 *
 * @returns what of them has expired before: units by item, by order
 */
export async function commitHeld(
  client: PoolClient,
  orderUids: readonly string[],
  nowMs: number,
): Promise<Map<string, Map<number, number>>> {
  const { rows } = await client.query<{ order_uid: string; chrt_id: number; quantity: number }>(
    `with committed as (
       update stock_reservations
          set state = 'committed', expires_at = null, updated_at = greatest(updated_at, $2)
        where order_uid = any($1) and state = 'held'
     )
     select order_uid, chrt_id::float8 as chrt_id, sum(quantity)::float8 as quantity
       from stock_reservations
      where order_uid = any($1) and state = 'expired'
      group by order_uid, chrt_id`,
    [orderUids, new Date(nowMs)],
  )
  const expired = new Map<string, Map<number, number>>()
  for (const { order_uid: orderUid, chrt_id: chrtId, quantity } of rows) {
    const units = expired.get(orderUid) ?? new Map<number, number>()
    expired.set(orderUid, units.set(chrtId, quantity))
  }
  return expired
}

/** The statement that reads whether any of the orders has reservations that a confirmation commits, or finds expired. */
export function haveUncommitted(orderUids: readonly string[]): Statement<boolean> {
  return {
    text: 'select have_uncommitted_reservations($1) as are_there',
    values: [orderUids],
    read: ({ rows: [row] }: { rows: readonly { are_there: boolean }[] }) => row?.are_there === true,
  }
}

/** Reserves stock for orders that are placed already: what had expired is written again. */
export async function reserveAgain(
  client: PoolClient,
  takes: readonly (Take & { orderUid: string })[],
  nowMs: number,
): Promise<void> {
  if (takes.length === 0) return
  await client.query(
    `insert into stock_reservations (order_uid, chrt_id, location, quantity, state, reserved_at, updated_at)
     select order_uid, chrt_id, location, quantity, 'committed', $5, $5
       from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) as given (order_uid, chrt_id, location, quantity)
         on conflict (order_uid, chrt_id, location) do update
        set quantity = excluded.quantity, state = excluded.state, expires_at = null, shipped = 0,
            reserved_at = excluded.reserved_at, updated_at = greatest(stock_reservations.updated_at, excluded.updated_at)`,
    [
      takes.map(({ orderUid }) => orderUid),
      takes.map(({ chrtId }) => chrtId),
      takes.map(({ location }) => location),
      takes.map(({ quantity }) => quantity),
      new Date(nowMs),
    ],
  )
}

/** Those of some orders that wait for stock. */
export async function findWaitingOrders(client: PoolClient, orderUids: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ order_uid: string }>(
    'select distinct order_uid from stock_shortfalls where order_uid = any($1)',
    [orderUids],
  )
  return new Set(rows.map(row => row.order_uid))
}

/** Writes reservations of confirmed orders as they are now; one without units is removed. */
export function changingReservations(reservations: readonly Reservation[], nowMs: number): Statement<undefined>[] {
  const columns = 'order_uid text, chrt_id bigint, location text, quantity bigint, shipped bigint, state text'
  const rowsOf = (of: readonly Reservation[]) =>
    JSON.stringify(of.map(({ orderUid, chrtId, ...row }) => ({ order_uid: orderUid, chrt_id: chrtId, ...row })))
  const [empty, kept] = [reservations.filter(one => one.quantity === 0), reservations.filter(one => one.quantity > 0)]
  const removing = command(
    `delete from stock_reservations r using json_to_recordset($1::json) gone (${columns})
      where r.order_uid = gone.order_uid and r.chrt_id = gone.chrt_id and r.location = gone.location`,
    [rowsOf(empty)],
  )
  const writing = command(
    `insert into stock_reservations (order_uid, chrt_id, location, quantity, shipped, state, reserved_at, updated_at)
     select order_uid, chrt_id, location, quantity, shipped, state, $2, $2 from json_to_recordset($1::json) given (${columns})
         on conflict (order_uid, chrt_id, location) do update
        set quantity = excluded.quantity, shipped = excluded.shipped, state = excluded.state, expires_at = null,
            updated_at = greatest(stock_reservations.updated_at, excluded.updated_at)`,
    [rowsOf(kept), new Date(nowMs)],
  )
  return [...(empty.length === 0 ? [] : [removing]), ...(kept.length === 0 ? [] : [writing])]
}

/** The orders whose reservations are due to expire, the longest due first. */
export async function findExpiring(
  client: Pool | PoolClient,
  { nowMs, ordersMax }: { nowMs: number; ordersMax: number },
): Promise<string[]> {
  const { rows } = await client.query<{ order_uid: string }>(
    `select distinct order_uid
       from (select order_uid from stock_reservations where expires_at <= $1 and cart_id is null order by expires_at limit $2) due`,
    [new Date(nowMs), ordersMax],
  )
  return rows.map(row => row.order_uid)
}

export type Expiring = Readonly<{ orderUid: string; reservedAtMs: number }>

/** Those of some orders that have reservations which are due to expire, with when they were made. */
export async function findExpiringOf(
  client: PoolClient,
  orderUids: readonly string[],
  nowMs: number,
): Promise<Expiring[]> {
  const { rows } = await client.query<{ order_uid: string; reserved_at: Date }>(
    `select order_uid, min(reserved_at) as reserved_at
       from stock_reservations
      where order_uid = any($1) and cart_id is null and expires_at <= $2
      group by order_uid`,
    [orderUids, new Date(nowMs)],
  )
  return rows.map(({ order_uid: orderUid, reserved_at }) => ({ orderUid, reservedAtMs: reserved_at.getTime() }))
}

/** Keeps the reservations of orders until a later time, but not longer than they may be kept. */
export async function postponeExpiry(
  client: PoolClient,
  orderUids: readonly string[],
  { untilMs, heldMaxMs }: { untilMs: number; heldMaxMs: number },
): Promise<void> {
  await client.query(
    `update stock_reservations
        set expires_at = least($2::timestamptz, reserved_at + make_interval(secs => $3))
      where order_uid = any($1) and expires_at is not null`,
    [orderUids, new Date(untilMs), heldMaxMs / 1000],
  )
}
