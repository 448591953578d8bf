import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import { createKeyedMutex } from '../platform/mutex.ts'
import { isLockConflict } from './order-locks.ts'

/** Changes of one order that may wait for their turn on this instance. */
const waitingForOrderMax = 100

/** How long a change tries to lock an order that another transaction has locked, and how often. */
const lockTimeoutMs = 3_000
const lockBackoff: Backoff = { firstMs: 5, maxMs: 250 }

/**
 * Makes the attempt at a change of an order in its turn, and again while another transaction has the order, without holding a connection in
 * between, so other orders are not delayed.
 *
 * @param attempt a transaction that locks the order first
 * @throws AppError ORDER_LOCKED when the order could not be locked in time, OVERLOADED when too many changes wait for it; what `attempt`
 *   throws
 */
export type TakeTurn = <Result>(orderUid: string, attempt: () => Promise<Result>) => Promise<Result>

/** Makes the function that takes turns on this instance: changes of one order one after another. */
export function createOrderTurns(): TakeTurn {
  const takeTurn = createKeyedMutex(waitingForOrderMax)
  return (orderUid, attempt) => {
    const untilMs = performance.now() + lockTimeoutMs
    return takeTurn(orderUid, async () => {
      for (let failures = 1; ; failures += 1) {
        try {
          return await attempt()
        } catch (error) {
          if (!isLockConflict(error)) throw error
          if (performance.now() > untilMs) throw new AppError('ORDER_LOCKED', 'another transaction has the order')
        }
        await sleep(backoffMs(lockBackoff, failures, Math.random()))
      }
    })
  }
}
