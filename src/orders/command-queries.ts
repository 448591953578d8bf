import { type Copy, copyOf } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, type Statement } from '../platform/round-trip.ts'
import type { OrderCommand } from './lifecycle.ts'
import type { OrderStatus } from './order.ts'
import type { LockedOrder } from './order-locks.ts'

/** Writes the states of orders as they are after a change. They are locked. */
export function updateStates(orders: readonly LockedOrder[]): Statement<undefined> {
  return command(
    `update orders
        set status = c.status, payment_status = c.payment_status, delivery_status = c.delivery_status, version = c.version,
            updated_at = c.updated_at
       from unnest($1::text[], $2::order_status[], $3::payment_status[], $4::delivery_status[], $5::int[], $6::timestamptz[])
              as c (order_uid, status, payment_status, delivery_status, version, updated_at)
      where orders.order_uid = c.order_uid and orders.order_uid = any($1)`,
    [
      orders.map(({ orderUid }) => orderUid),
      orders.map(({ state }) => state.status),
      orders.map(({ state }) => state.paymentStatus),
      orders.map(({ state }) => state.deliveryStatus),
      orders.map(({ version }) => version),
      orders.map(({ updatedAtMs }) => new Date(updatedAtMs)),
    ],
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

/** The rows of transitions. */
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
