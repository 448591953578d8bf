import { DatabaseError } from 'pg'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { type Copy, copyOf } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { OrderCommand } from './lifecycle.ts'
import type { OrderState, OrderStatus } from './order.ts'

/** What a command decides on. */
export type LockedOrder = {
  orderUid: string
  state: OrderState
  version: number
  /** Milliseconds since 1970. */
  updatedAtMs: number
}

type LockedRow = {
  order_uid: string
  status: OrderState['status']
  payment_status: OrderState['paymentStatus']
  delivery_status: OrderState['deliveryStatus']
  version: number
  updated_at: Date
}

function toLocked(row: LockedRow): LockedOrder {
  const state = { status: row.status, paymentStatus: row.payment_status, deliveryStatus: row.delivery_status }
  return { orderUid: row.order_uid, state, version: row.version, updatedAtMs: row.updated_at.getTime() }
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

/** SQLSTATE 55P03: the lock is not available. */
function explainLock(error: unknown): never {
  if (error instanceof DatabaseError && error.code === '55P03') throw new OrderLockedError()
  throw error
}

/** Locks unpaid orders that were last changed before a time, oldest first. Skips those that other transactions have locked. */
export async function lockUnpaidOrders(client: PoolClient, since: string, ordersMax: number): Promise<LockedOrder[]> {
  const { rows } = await client.query<{ order_uid: string }>(
    `select order_uid
       from (select order_uid
               from orders
              where status = 'pending' and payment_status = 'unpaid' and updated_at < $1
              order by updated_at
              limit $2) due
      where pg_try_advisory_xact_lock($3, hashtext(order_uid))`,
    [since, ordersMax, advisoryLockSpaces.orders],
  )
  const locked = await lockRows(
    client,
    rows.map(row => row.order_uid),
    'skip locked',
  )
  // An order may have changed between the query and the lock.
  return locked.filter(order => order.state.status === 'pending' && order.state.paymentStatus === 'unpaid')
}

async function lockRows(
  client: PoolClient,
  orderUids: readonly string[],
  whereLocked: 'nowait' | 'skip locked',
): Promise<LockedOrder[]> {
  const { rows } = await client.query<LockedRow>(
    `select order_uid, status, payment_status, delivery_status, version, updated_at
       from orders
      where order_uid = any($1)
      order by order_uid
        for update ${whereLocked}`,
    [orderUids],
  )
  return rows.map(toLocked)
}

export async function updateState(
  client: PoolClient,
  orderUid: string,
  state: OrderState,
  version: number,
  updatedAt: Date,
): Promise<void> {
  await client.query(
    `update orders
        set status = $2, payment_status = $3, delivery_status = $4, version = $5, updated_at = $6
      where order_uid = $1`,
    [orderUid, state.status, state.paymentStatus, state.deliveryStatus, version, updatedAt],
  )
}

export type Transition = {
  orderUid: string
  version: number
  command: OrderCommand
  from: OrderStatus
  to: OrderStatus
  reason: string
  actor: string
  recordedAt: Date
}

export async function insertTransition(client: PoolClient, transition: Transition): Promise<void> {
  const { orderUid, version, command, from, to, reason, actor, recordedAt } = transition
  await client.query(
    `insert into order_transitions (order_uid, version, command, from_status, to_status, reason, actor, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [orderUid, version, command, from, to, reason, actor, recordedAt],
  )
}

/** The rows of transitions that are written together with their orders. */
export function copyOfTransitions(transitions: readonly Transition[]): Copy {
  const columns = 'order_uid, version, command, from_status, to_status, reason, actor, recorded_at'
  return copyOf('order_transitions', columns, transitions, (transition, writer) => {
    writer.row(8)
    writer.text(transition.orderUid)
    writer.integer(transition.version)
    writer.text(transition.command)
    writer.text(transition.from)
    writer.text(transition.to)
    writer.text(transition.reason)
    writer.text(transition.actor)
    writer.timestamp(transition.recordedAt.getTime())
  })
}

/** Whether a command was carried out already. */
export async function hasReceipt(client: PoolClient, orderUid: string, commandId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'select from order_command_receipts where order_uid = $1 and command_id = $2',
    [orderUid, commandId],
  )
  return rowCount === 1
}

export async function insertReceipt(
  client: PoolClient,
  orderUid: string,
  commandId: string,
  recordedAt: Date,
): Promise<void> {
  await client.query('insert into order_command_receipts (order_uid, command_id, recorded_at) values ($1, $2, $3)', [
    orderUid,
    commandId,
    recordedAt,
  ])
}
