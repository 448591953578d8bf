import { textArrayOf } from '../platform/array-text.ts'
import { type Copy, copyOf } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, type Statement } from '../platform/round-trip.ts'
import type { OrderCommand } from './lifecycle.ts'
import type { OrderStatus } from './order.ts'
import type { LockedOrder } from './order-locks.ts'

/** How many orders one call changes: it compares each with each, which for five times as many costs a fifth more. */
const changedAtATime = 100

/** Writes the states of orders as they are after a change. They are locked. */
export function updateStates(orders: readonly LockedOrder[]): Statement<undefined>[] {
  const statements: Statement<undefined>[] = []
  for (let first = 0; first < orders.length; first += changedAtATime)
    statements.push(updateSome(orders.slice(first, first + changedAtATime)))
  return statements
}

function updateSome(orders: readonly LockedOrder[]): Statement<undefined> {
  return command('select change_order_states($1, $2)', [
    textArrayOf(orders, ({ orderUid }) => orderUid),
    JSON.stringify(
      orders.map(({ orderUid, state, version, updatedAtMs }) => ({
        order_uid: orderUid,
        status: state.status,
        payment_status: state.paymentStatus,
        delivery_status: state.deliveryStatus,
        version,
        updated_at: new Date(updatedAtMs),
      })),
    ),
  ])
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
