import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../platform/log.ts'
import { faultOf, type Pool } from '../platform/postgres.ts'
import { type Delivery, sweepDeliveries } from './delivery-queries.ts'

/** How many deliveries that succeed at the first attempt are logged, for each subscription and second. */
const plainPerSecondMax = 100
/** The most entries that wait to be stored while the database is down. */
const waitingMax = 5_000
/** Stored by one statement. */
const batchMax = 500

/**
 * The log of deliveries on its way into the database, in batches. Under load plain successes are left out beyond a
 * bound: a row for every event of every subscription would cost what storing the orders costs. Failures, what followed
 * them, and their outcome are always there.
 */
export class DeliveryLog {
  readonly #store: (deliveries: readonly Delivery[]) => Promise<unknown>
  readonly #log: Logger
  readonly #plain = new Map<string, { second: number; count: number }>()
  #waiting: Delivery[] = []

  constructor(store: (deliveries: readonly Delivery[]) => Promise<unknown>, log: Logger) {
    this.#store = store
    this.#log = log
  }

  add(delivery: Delivery): void {
    const isPlain = delivery.outcome === 'delivered' && delivery.attempt === 1
    if (isPlain && !this.#hasShare(delivery)) return
    if (this.#waiting.length < waitingMax) this.#waiting.push(delivery)
  }

  /** Stores what waits. @throws the database's error; what was not stored keeps waiting */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, batchMax)
      await this.#store(batch).catch(error => {
        if (faultOf(error) !== 'data') throw error
        // What the database will never take must not keep the rest waiting.
        this.#log.error({ err: error, deliveries: batch.length }, 'deliveries could not be logged')
      })
      this.#waiting = this.#waiting.slice(batch.length)
    }
  }

  #hasShare({ webhookId, attemptedAtMs }: Delivery): boolean {
    const second = Math.floor(attemptedAtMs / 1000)
    const share = this.#plain.get(webhookId)
    if (share?.second !== second) {
      this.#plain.set(webhookId, { second, count: 1 })
      return true
    }
    share.count += 1
    return share.count <= plainPerSecondMax
  }
}

/** What is kept of the log: for how long, and of each subscription how many entries; and how many are removed at a time. */
export const deliveryLogBounds = { keptMs: 7 * 24 * 3_600_000, entriesMax: 20_000, batchMax: 5_000 }

/** Removes what is kept no longer, batch by batch, so that no statement takes long. */
export async function sweepDeliveryLog(pool: Pool, nowMs: number, bounds: typeof deliveryLogBounds): Promise<void> {
  const { keptMs, entriesMax, batchMax } = bounds
  const batch = { beforeMs: nowMs - keptMs, entriesMax, batchMax }
  while ((await sweepDeliveries(pool, batch)) > 0) await sleep(0)
}
