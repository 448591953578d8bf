import { retryWhileUnavailable } from '../platform/retry.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { deleteRetry, insertRetries, updateRetry } from './delivery-queries.ts'
import { type QueuedRetry, RetryQueue } from './retry-queue.ts'

/**
 * The parked events of a subscription in memory and in the database. What happens to them is written in the order in which it
 * happened, or a row could outlive its event; an outage of the database is waited for.
 */
export class DurableRetryQueue {
  readonly #pool: Pool
  readonly #webhookId: string
  readonly #log: Logger
  readonly #stop: AbortSignal
  readonly #queue = new RetryQueue()
  #writes: Promise<unknown> = Promise.resolve()

  /** @param stop ends the waiting for a database that is away: then what is not written yet rejects */
  constructor(pool: Pool, webhookId: string, parked: readonly QueuedRetry[], log: Logger, stop: AbortSignal) {
    this.#pool = pool
    this.#webhookId = webhookId
    this.#log = log
    this.#stop = stop
    for (const event of parked) this.#queue.add(event)
  }

  get count(): number {
    return this.#queue.count
  }

  /** Whether later events of an order have to wait behind a parked one. */
  holds(orderUid: string): boolean {
    return this.#queue.holds(orderUid)
  }

  takeDue(nowMs: number): QueuedRetry | undefined {
    return this.#queue.takeDue(nowMs)
  }

  makeDue(nowMs: number): void {
    this.#queue.makeDue(nowMs)
  }

  /** Parks events: at once here, so that the next of the order finds them. Resolves when the database has them. */
  async park(events: readonly QueuedRetry[]): Promise<void> {
    for (const event of events) this.#queue.add(event)
    await this.write(() => insertRetries(this.#pool, this.#webhookId, events))
  }

  /** An event that was taken is delivered or given up. */
  async remove(event: QueuedRetry): Promise<void> {
    await this.write(() => deleteRetry(this.#pool, this.#webhookId, event))
    this.#queue.remove(event)
  }

  /** An event that was taken has failed once more. */
  async postpone(event: QueuedRetry, attempts: number, dueAtMs: number): Promise<void> {
    await this.write(() => updateRetry(this.#pool, this.#webhookId, event, attempts, dueAtMs))
    this.#queue.postpone(event, attempts, dueAtMs)
  }

  /** Writes when everything before is written. */
  write<Result>(work: () => Promise<Result>): Promise<Result> {
    const written = this.#writes.then(() =>
      retryWhileUnavailable(work, 'a webhook waits for the database', this.#log, this.#stop),
    )
    this.#writes = written.catch(() => undefined)
    return written
  }

  /** Resolves when nothing is left to be written. */
  async settled(): Promise<void> {
    await this.#writes
  }
}
