import type { NewEvent } from '../events/append.ts'
import type { Copy } from '../platform/copy.ts'
import { command, type Statement } from '../platform/round-trip.ts'
import { decideCommand } from './lifecycle.ts'
import type { OrderState, PaymentStatus } from './order.ts'
import type { LockedOrder } from './order-locks.ts'
import { type OrderChange, type SavedChange, writesOf } from './save-changes.ts'

/** What payments do to their order. It is derived from the money that moved, so it goes in any direction. */

/** What becomes of an order whose payments have changed. */
export type PaymentStatusChange = Readonly<{
  order: LockedOrder
  paymentStatus: PaymentStatus
  /** Whether it is confirmed with it, if it is pending. */
  confirm: boolean
  /** Why, and by whom. */
  reason: string
  actor: string
  /** W3C Trace Context of what made it. */
  traceparent?: string | undefined
}>

/** What changes of payment statuses write. */
export type PaymentStatusWrites = Readonly<{
  /** The orders as they are then, in the order of the changes. */
  after: readonly LockedOrder[]
  /** What other modules are told of, behind these rows and events. */
  confirmed: readonly SavedChange[]
  updates: readonly Statement<undefined>[]
  transitions: Copy
  events: readonly NewEvent[]
}>

/**
 * Changes what is paid of orders, and confirms those that wait for nothing else: the row, the history and the event of each. An order
 * that is changed in neither way is left as it is. Pure: the transaction that has locked them writes it with its own.
 *
 * @param changes each of another order
 * @param nowMs milliseconds since 1970 by the clock of the database
 */
export function changePaymentStatus(changes: readonly PaymentStatusChange[], nowMs: number): PaymentStatusWrites {
  const decided = changes.map(decide)
  const { saved, ...writes } = writesOf(
    decided.flatMap(change => change ?? []),
    nowMs,
  )
  const confirmed = saved.filter(({ command }) => command === 'confirm')
  const changed = saved.values()
  const after = changes.map(({ order }, index) =>
    decided[index] === undefined ? order : (changed.next().value?.order ?? order),
  )
  return { ...writes, after, confirmed }
}

function decide({ order, paymentStatus, confirm, ...why }: PaymentStatusChange): OrderChange | undefined {
  const state: OrderState = { ...order.state, paymentStatus }
  if (confirm && state.status === 'pending') {
    const decision = decideCommand(state, 'confirm')
    if (decision.kind === 'changed') return { ...why, order, state: decision.state, command: 'confirm' }
  }
  return paymentStatus === order.state.paymentStatus ? undefined : { ...why, order, state, command: 'pay' }
}

/** How long orders wait for payments that are under way, also beyond the time that unpaid orders have. */
export type PaymentHold = Readonly<{
  orderUid: string
  /** Milliseconds since 1970; undefined: no payment is under way any more. */
  untilMs: number | undefined
}>

/**
 * Keeps orders from expiring while their payments are under way, in the transaction that has locked them. It is no change of the
 * order: its version stays. When the wait is over, an order whose time is over expires with the next sweep.
 *
 * @param holds each of another order, at least one
 * @param nowMs milliseconds since 1970 by the clock of the database
 */
export function holdForPayment(holds: readonly PaymentHold[], nowMs: number): Statement<undefined> {
  // The end of a wait is kept, for the check of orders that wait too long: the sweep needs a moment to find them.
  return command(
    `update orders
        set payment_pending_until = coalesce(h.until, $3)
       from unnest($1::text[], $2::timestamptz[]) as h (order_uid, until)
      where orders.order_uid = h.order_uid and orders.order_uid = any($1)
        and (h.until is distinct from payment_pending_until)
        and (h.until is not null or payment_pending_until > $3)`,
    [
      holds.map(({ orderUid }) => orderUid),
      holds.map(({ untilMs }) => (untilMs === undefined ? null : new Date(untilMs))),
      new Date(nowMs),
    ],
  )
}
