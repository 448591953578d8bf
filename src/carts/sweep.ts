import type { NewEvent } from '../events/append.ts'
import { findStored } from '../orders/queries.ts'
import type { OrderState } from '../orders/order.ts'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import type { Pool } from '../platform/postgres.ts'
import { type Cart, changedCart, nobody, recorded } from './cart.ts'
import { isDecided } from './decided.ts'
import { cartEvents, customerData, eventOf, sizeData } from './events.ts'
import type { SweptKind } from './metrics.ts'
import type { CartWriter } from './writer.ts'

/** Carts that nobody works on: they are abandoned, expire, or wait for the end of a checkout that was cut off. */

/** Carts that are looked at in one round, and the time between rounds. */
const roundMax = 200
const pauseMs = 5_000

/** How often a cart is looked at whose checkout is not decided. */
const lookMinMs = 30_000
const lookMaxMs = 60 * 60_000

export type SweepOptions = Readonly<{
  pool: Pool
  writer: CartWriter
  now: () => number
  /** Whether the clock is right. Otherwise nothing expires, since that cannot be undone. */
  isClockRight: () => boolean
  abandonedAfterMs: number
  /** Called for a cart that was changed, after the commit. */
  onSwept?: (kind: SweptKind) => void
  log: Logger
}>

/** Looks at carts that are due, until told to stop. Every instance does: a cart is decided on under its lock. */
export async function runSweep(options: SweepOptions, stop: AbortSignal): Promise<void> {
  const { log } = options
  const run = async () => ((await sweepCarts(options)) < roundMax ? 'done' : 'more')
  await runPeriodically({ run, pauseMs, failure: 'carts could not be looked at', log }, stop)
}

/** Looks at the carts that are due now, once. @returns how many there were */
export async function sweepCarts({
  pool,
  writer,
  now,
  isClockRight,
  abandonedAfterMs,
  onSwept,
}: Omit<SweepOptions, 'log'>): Promise<number> {
  if (!isClockRight()) return 0
  const { rows } = await pool.query<{ cart_id: string; order_uid: string | null }>(
    `select cart_id, order_uid from carts where next_look_at <= $1 order by next_look_at limit ${roundMax}`,
    [new Date(now())],
  )
  const orders = await findStored(
    pool,
    rows.flatMap(row => row.order_uid ?? []),
  )
  await Promise.all(
    rows.map(async ({ cart_id: cartId, order_uid: orderUid }) => {
      const kind = await writer.change<SweptKind | undefined>({
        cartIds: [cartId],
        wants: 'nothing',
        decide([before], _, nowMs) {
          if (before === undefined) return { result: undefined }
          const order = orderUid === null ? undefined : orders.get(orderUid)?.state
          const { cart, events } = look(before, { order, nowMs, abandonedAfterMs })
          return { result: sweptKindOf(before, cart), changed: cart === before ? [] : [cart], events }
        },
      })
      if (kind !== undefined) onSwept?.(kind)
    }),
  )
  return rows.length
}

function sweptKindOf(before: Cart, after: Cart): SweptKind | undefined {
  if (after.abandonedAtMs !== before.abandonedAtMs) return 'abandoned'
  const { state } = after
  return state !== before.state && (state === 'expired' || state === 'checked_out') ? state : undefined
}

/** What has become of a cart. Pure. @param known order: what it became, as it was read before; undefined: not read */
export function look(
  cart: Cart,
  known: { order: OrderState | undefined; nowMs: number; abandonedAfterMs: number },
): { cart: Cart; events: NewEvent[] } {
  const { nowMs } = known
  // Somebody was here in the meantime.
  if (cart.nextLookAtMs === undefined || cart.nextLookAtMs > nowMs) return { cart, events: [] }
  if (cart.state === 'checking_out') return { cart: lookAtCheckout(cart, known), events: [] }
  const { expiresAtMs = Infinity } = cart
  if (expiresAtMs <= nowMs) return { cart: expired(cart, nowMs), events: [] }
  const isLeft = cart.lines.length > 0 && cart.abandonedAtMs === undefined
  const leftAtMs = cart.updatedAtMs + known.abandonedAfterMs
  if (!isLeft) {
    // An empty one may get lines, and is looked at again as soon as it could be abandoned then.
    const againMs = cart.abandonedAtMs === undefined ? nowMs + known.abandonedAfterMs : expiresAtMs
    return { cart: { ...cart, nextLookAtMs: Math.min(againMs, expiresAtMs) }, events: [] }
  }
  if (leftAtMs > nowMs) return { cart: { ...cart, nextLookAtMs: Math.min(leftAtMs, expiresAtMs) }, events: [] }
  return abandoned(cart, nowMs)
}

function lookAtCheckout(cart: Cart, { order, nowMs }: { order: OrderState | undefined; nowMs: number }): Cart {
  if (order !== undefined && isDecided(order))
    return changedCart(cart, { state: 'checked_out', nextLookAtMs: undefined }, nowMs)
  const pauseMs = Math.min(lookMaxMs, Math.max(lookMinMs, nowMs - cart.updatedAtMs))
  return { ...cart, nextLookAtMs: nowMs + pauseMs }
}

/** An expired cart keeps its lines, and nothing of the recipient. */
function expired(cart: Cart, nowMs: number): Cart {
  return changedCart(cart, { ...nobody, state: 'expired', nextLookAtMs: undefined }, nowMs)
}

/** It is no change that its owner has made: its version and its expiry stay. */
function abandoned(cart: Cart, nowMs: number): { cart: Cart; events: NewEvent[] } {
  const after = recorded(
    { ...cart, abandonedAtMs: Math.max(nowMs, cart.recordedAtMs), nextLookAtMs: cart.expiresAtMs },
    nowMs,
  )
  const data = { ...customerData(after), ...sizeData(after) }
  return { cart: after, events: [eventOf(after, cartEvents.abandoned, data, undefined)] }
}
