import { type LockedOrder, lockOrders } from '../orders/order-locks.ts'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { expireCarts } from './cart-reservations.ts'
import { giveBack } from './order-changes.ts'
import { type Expiring, findExpiring, findExpiringOf, postponeExpiry } from './reservation-queries.ts'

/** Orders of one transaction: few, so that no lock is held for long. */
const ordersMax = 100
const pauseMs = 5_000
/** How long the reservation of an order is kept before its payment is looked at again. */
const postponedMs = 60_000

export type ReservationExpiryOptions = Readonly<{
  pool: Pool
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
  /** Whether the clock is right; otherwise nothing expires. */
  isClockRight: () => boolean
  /** How long stock is reserved at most for an order whose payment is under way, in milliseconds. */
  heldMaxMs: number
  /** Which of some orders have a payment under way. */
  findOpen: (client: PoolClient, orderUids: readonly string[]) => Promise<ReadonlySet<string>>
  lowStockDefault: number
  log: Logger
}>

/**
 * Gives back what unpaid orders and carts have reserved for too long, until told to stop. The orders stay: one that is paid later gets stock again
 * if there is any. Several instances may do it at once.
 */
export async function runReservationExpiry(options: ReservationExpiryOptions, stop: AbortSignal): Promise<void> {
  const { isClockRight, log } = options
  const run = async () => {
    if (!isClockRight()) return 'done'
    const orders = await expireReservations(options)
    const carts = await expireCarts(options)
    if (orders.expired > 0) log.info({ expired: orders.expired }, 'reservations have expired')
    if (carts.expired > 0) log.info({ expired: carts.expired }, 'reservations of carts have expired')
    const isMore = [orders, carts].some(({ expired, looked }) => looked >= ordersMax && expired > 0)
    return isMore ? 'more' : 'done'
  }
  await runPeriodically({ run, pauseMs, failure: 'reservations could not be expired', log }, stop)
}

/** Expires the reservations of one portion of orders. @returns how many orders had some, and how many were looked at */
export async function expireReservations(
  options: ReservationExpiryOptions,
): Promise<{ expired: number; looked: number }> {
  const { pool, now, heldMaxMs, findOpen, lowStockDefault } = options
  const due = await findExpiring(pool, { nowMs: now(), ordersMax })
  if (due.length === 0) return { expired: 0, looked: 0 }
  return inTransaction(pool, async client => {
    const { locked, busy } = await lockOrders(client, due.toSorted())
    const isBusy = new Set(busy)
    const nowMs = now()
    const free = due.filter(orderUid => !isBusy.has(orderUid))
    const expiring = await findExpiringOf(client, free, nowMs)
    const open = await findOpen(
      client,
      expiring.map(({ orderUid }) => orderUid),
    )
    const isKept = keeps(new Map(locked.map(order => [order.orderUid, order])), { open, heldMaxMs, nowMs })
    const kept = expiring.filter(isKept).map(({ orderUid }) => orderUid)
    const over = expiring.filter(one => !isKept(one)).map(({ orderUid }) => orderUid)
    if (kept.length > 0) await postponeExpiry(client, kept, { untilMs: nowMs + postponedMs, heldMaxMs })
    if (over.length > 0) await giveBack(client, over, 'expire', { nowMs, reason: 'not paid in time', lowStockDefault })
    return { expired: over.length, looked: due.length }
  })
}

/** Whether an order keeps what it has reserved: a payment of it is under way, and not for too long. */
function keeps(
  orders: ReadonlyMap<string, LockedOrder>,
  { open, heldMaxMs, nowMs }: { open: ReadonlySet<string>; heldMaxMs: number; nowMs: number },
) {
  return ({ orderUid, reservedAtMs }: Expiring): boolean => {
    if (reservedAtMs + heldMaxMs <= nowMs) return false
    const { paymentPendingUntilMs = 0 } = orders.get(orderUid) ?? {}
    return open.has(orderUid) || paymentPendingUntilMs > nowMs
  }
}
