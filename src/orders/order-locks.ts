import { DatabaseError } from 'pg'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { textArrayOf } from '../platform/array-text.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, rowsAsJson, type Statement } from '../platform/round-trip.ts'
import { inWholeMilliseconds as ms } from '../platform/table.ts'
import type { OrderState, PaymentStatus } from './order.ts'

/** What is decided on under the lock of an order. */
export type LockedOrder = Readonly<{
  orderUid: string
  state: Readonly<OrderState>
  version: number
  currency: string
  /** In the currency's minor unit. */
  amount: number
  /** Milliseconds since 1970, like all times here. */
  updatedAtMs: number
  /** The order does not expire before then, since a payment of it is under way; undefined when none is. */
  paymentPendingUntilMs: number | undefined
}>

type LockedRow = {
  order_uid: string
  status: OrderState['status']
  payment_status: OrderState['paymentStatus']
  delivery_status: OrderState['deliveryStatus']
  version: number
  currency: string
  /** A number in JSON. */
  amount: string | number
  updated_at: number
  payment_pending_until: number | null
}

const lockedColumns = `order_uid, status, payment_status, delivery_status, version, currency, amount, ${ms('updated_at')},
  ${ms('payment_pending_until')}`

function toLocked(row: LockedRow): LockedOrder {
  return {
    orderUid: row.order_uid,
    state: { status: row.status, paymentStatus: row.payment_status, deliveryStatus: row.delivery_status },
    version: row.version,
    currency: row.currency,
    amount: Number(row.amount),
    updatedAtMs: row.updated_at,
    paymentPendingUntilMs: row.payment_pending_until ?? undefined,
  }
}

/**
 * Locks an order until the transaction ends: by an advisory lock, and then its row. It must come before the first write.
 *
 * The log is ordered by transaction ids, so the transactions of one order must get their ids one after another. A row lock does
 * not ensure that. A transaction gets its id before it waits for the row: of three that wait, two get their ids as soon as the
 * first is done, and the one with the larger id may go on first. An advisory lock assigns no id, and its holder finds the row
 * free.
 *
 * It does not wait for the lock: a transaction that waits would hold a connection.
 *
 * @throws OrderLockedError when another transaction has the order
 */
export async function lockOrder(client: PoolClient, orderUid: string): Promise<LockedOrder | undefined> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_xact_lock($1, hashtext($2)) as locked',
    [advisoryLockSpaces.orders, orderUid],
  )
  if (rows[0]?.locked !== true) throw new OrderLockedError()
  return (await lockRows(client, [orderUid], 'nowait').catch(explainLock))[0]
}

/** Another transaction has the order. */
export class OrderLockedError extends Error {
  override readonly name = 'OrderLockedError'
}

/** SQLSTATE deadlock_detected. */
const deadlock = '40P01'

/**
 * Whether a transaction that locked an order should be repeated: another has the order, or PostgreSQL has ended this one for a deadlock.
 * A part may wait for the lock of an item while the transaction that has it places the same order once more, and waits for this one.
 */
export function isLockConflict(error: unknown): boolean {
  return error instanceof OrderLockedError || (error instanceof DatabaseError && error.code === deadlock)
}

/** SQLSTATE 55P03: the lock is not available. */
function explainLock(error: unknown): never {
  if (error instanceof DatabaseError && error.code === '55P03') throw new OrderLockedError()
  throw error
}

/** Orders of which some are locked by other transactions. */
export type LockedOrders = Readonly<{
  /** Those that are locked by this transaction now; without those that are not stored. */
  locked: readonly LockedOrder[]
  /** The uids of those that another transaction has. */
  busy: readonly string[]
}>

/**
 * Locks several orders until the transaction ends, as `lockOrder` locks one: it waits for none, and it must come before the first
 * write. The rows are only read: everything that changes an order has its advisory lock.
 *
 * @param orderUids sorted, each once
 */
export async function lockOrders(client: PoolClient, orderUids: readonly string[]): Promise<LockedOrders> {
  const [busy, stored] = await inOneRoundTrip(client, lockingOrders(orderUids))
  return lockedOf(busy, stored)
}

/**
 * The statements of `lockOrders`, for a transaction that sends them with others, in this order: a statement sees what was committed
 * before it, and what is read must not be older than the lock.
 */
export function lockingOrders(
  orderUids: readonly string[],
): readonly [busy: Statement<readonly string[]>, stored: Statement<readonly LockedOrder[]>] {
  const locking = {
    text: `select order_uid from unnest($1::text[]) as wanted (order_uid) where not ${lockOf('order_uid')}`,
    values: [textArrayOf(orderUids, orderUid => orderUid)],
    read: ({ rows }: { rows: readonly { order_uid: string }[] }) => rows.map(({ order_uid }) => order_uid),
  }
  return [locking, readingLocked(orderUids)]
}

/** SQL that locks an order as `lockOrders` does; false when another transaction has it. @param orderUid SQL */
export const lockOf = (orderUid: string) =>
  `pg_try_advisory_xact_lock(${advisoryLockSpaces.orders}, hashtext(${orderUid}))`

/** Reads orders that the transaction has locked, in the order of their uids. */
export function readingLocked(orderUids: readonly string[]): Statement<readonly LockedOrder[]> {
  const rows = rowsAsJson<LockedRow>(
    `select ${lockedColumns} from orders where order_uid = any($1) order by orders.order_uid`,
    [textArrayOf(orderUids, orderUid => orderUid)],
  )
  return { ...rows, read: answer => rows.read(answer).map(toLocked) }
}

/**
 * The values of `lock_unchanged_orders`. It locks orders as `lockOrders` does, and fails with serialization_failure when one of them is
 * locked, or another than it is given: nothing has to be read to write what was decided by that. The transaction ends with
 * `expectUnchangedOrders`.
 */
export function unchangedOrders(orders: readonly LockedOrder[]): readonly unknown[] {
  return [
    orders.map(({ orderUid }) => orderUid),
    advisoryLockSpaces.orders,
    orders.map(({ version }) => version),
    orders.map(({ paymentPendingUntilMs: untilMs }) => (untilMs === undefined ? null : new Date(untilMs))),
  ]
}

/** The end of a transaction that is sent as a whole: it fails where the orders were not locked, because the transaction had not begun. */
export const expectUnchangedOrders = 'call expect_unchanged_orders()'

/** What the answers of `lockingOrders` come to. */
export function lockedOf(busy: readonly string[], stored: readonly LockedOrder[]): LockedOrders {
  const isBusy = new Set(busy)
  return { locked: stored.filter(({ orderUid }) => !isBusy.has(orderUid)), busy }
}

/** The payment statuses in which an order has no money, and expires when its time is over. */
const withoutMoney: readonly PaymentStatus[] = ['unpaid', 'voided']

/** The orders that wait for a payment which is not under way. @param now the time as SQL */
export const waitsForPayment = (now: string) =>
  `status = 'pending' and payment_status in (${withoutMoney.map(status => `'${status}'`)})
   and (payment_pending_until is null or payment_pending_until <= ${now})`

/**
 * Locks orders that were last changed before a time, and wait for a payment which is not under way, oldest first. Skips those that
 * other transactions have locked.
 */
export async function lockUnpaidOrders(
  client: PoolClient,
  { unpaidSinceMs, ordersMax, nowMs }: { unpaidSinceMs: number; ordersMax: number; nowMs: number },
): Promise<LockedOrder[]> {
  const { rows } = await client.query<{ order_uid: string }>(
    `select order_uid
       from (select order_uid
               from orders
              where ${waitsForPayment('$4')} and updated_at < $1
              order by updated_at
              limit $2) due
      where pg_try_advisory_xact_lock($3, hashtext(order_uid))`,
    [new Date(unpaidSinceMs).toISOString(), ordersMax, advisoryLockSpaces.orders, new Date(nowMs)],
  )
  const locked = await lockRows(
    client,
    rows.map(row => row.order_uid),
    'skip locked',
  )
  // An order may have changed between the query and the lock.
  return locked.filter(
    ({ state, paymentPendingUntilMs = nowMs }) =>
      state.status === 'pending' && withoutMoney.includes(state.paymentStatus) && paymentPendingUntilMs <= nowMs,
  )
}

async function lockRows(
  client: PoolClient,
  orderUids: readonly string[],
  whereLocked: 'nowait' | 'skip locked',
): Promise<LockedOrder[]> {
  const { rows } = await client.query<LockedRow>(
    `select ${lockedColumns}
       from orders
      where order_uid = any($1)
      order by order_uid
        for update ${whereLocked}`,
    [orderUids],
  )
  return rows.map(toLocked)
}
