import { AppError } from '../errors.ts'
import { Counter, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import { singleFlight } from '../platform/single-flight.ts'
import { countedMax, readCartStats } from './stats.ts'

/** What the sweep has found of a cart. */
export const sweptKinds = ['abandoned', 'expired', 'checked_out'] as const
export type SweptKind = (typeof sweptKinds)[number]

export type CartMetrics = Readonly<{
  /** Counts a press of the checkout by what it has come to. @returns that @throws what the press throws */
  pressed<Pressed extends Readonly<{ kind: 'placed' | 'placed before' }>>(press: Promise<Pressed>): Promise<Pressed>
  /** Counts a cart that the sweep has changed. */
  swept(kind: SweptKind): void
}>

/** Outcomes of the checkout that have a series from the start. */
const expected = [
  ...['placed', 'repeated', 'CART_CHANGED', 'CART_INCOMPLETE', 'CART_STATE_REFUSED', 'CHECKOUT_IN_PROGRESS'],
  'OUT_OF_STOCK',
]

/**
 * The metrics of carts. What is open is asked of the database at the time of the scrape, so every instance reports the same; without the
 * database these series are absent.
 */
export function createCartMetrics(registry: Registry, pool: Pool, now: () => number): CartMetrics {
  const registers = [registry]
  const checkouts = new Counter({
    name: 'cart_checkouts_total',
    help: 'Checkouts by outcome: placed, repeated, or the code that they were refused with',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of expected) checkouts.inc({ outcome }, 0)
  const swept = new Counter({
    name: 'carts_swept_total',
    help: 'Carts that the worker has found abandoned, expired, or checked out behind their order',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of sweptKinds) swept.inc({ outcome }, 0)
  recordStats(registry, pool, now)
  return {
    async pressed(press) {
      try {
        const pressed = await press
        checkouts.inc({ outcome: pressed.kind === 'placed' ? 'placed' : 'repeated' })
        return pressed
      } catch (error) {
        checkouts.inc({ outcome: error instanceof AppError ? error.code : 'failed' })
        throw error
      }
    },
    swept: kind => swept.inc({ outcome: kind }),
  }
}

function recordStats(registry: Registry, pool: Pool, now: () => number): void {
  const stats = singleFlight({ freshMs: 5_000, make: () => readCartStats(pool, now()), now: () => performance.now() })
  recordReadings(
    registry,
    { name: 'carts_open', help: `Carts that can be changed, counted to ${countedMax}` },
    async () => [{ value: (await stats()).open }],
  )
  recordReadings(
    registry,
    {
      name: 'carts_checking_out',
      help: `Carts that became an order which waits for its payment, counted to ${countedMax}`,
    },
    async () => [{ value: (await stats()).checkingOut }],
  )
  recordReadings(
    registry,
    {
      name: 'carts_overdue_seconds',
      help: 'How long the cart that is longest due for the worker, to expire for example, is due already; 0 when none is',
    },
    async () => [{ value: (await stats()).overdueSeconds }],
  )
}
