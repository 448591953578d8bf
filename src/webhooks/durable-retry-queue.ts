import type { StreamName } from '../events/stream-definition.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import { deleteRetry, insertRetries, updateRetry } from './retry-queries.ts'
import { type QueuedRetry, RetryQueue } from './retry-queue.ts'

/**
 * The retry queue of a subscription in memory and in the database. Changes are written in the order in which they happen, or a row
 * could outlive its event; writes wait while the database is down.
 */
export class DurableRetryQueue {
  readonly #pool: Pool
  readonly #webhookId: string
  readonly #log: Logger
  readonly #stop: AbortSignal
  readonly #queue = new RetryQueue()
  #writes: Promise<unknown> = Promise.resolve()

  /** @param queued what the database has; stop: ends the waiting for a database that is down: what is not written yet rejects */
  constructor(pool: Pool, webhookId: string, queued: readonly QueuedRetry[], log: Logger, stop: AbortSignal) {
    this.#pool = pool
    this.#webhookId = webhookId
    this.#log = log
    this.#stop = stop
    for (const event of queued) this.#queue.add(event)
  }

  get count(): number {
    return this.#queue.count
  }

  /** Whether later events of a stream have to wait behind a queued one. */
  holds(stream: StreamName): boolean {
    return this.#queue.holds(stream)
  }

  takeDue(nowMs: number): QueuedRetry | undefined {
    return this.#queue.takeDue(nowMs)
  }

  makeDue(nowMs: number): void {
    this.#queue.makeDue(nowMs)
  }

  /** Adds events: at once here, so that the next of their stream waits behind them. Resolves when the database has them. */
  async add(events: readonly QueuedRetry[]): Promise<void> {
    for (const event of events) this.#queue.add(event)
    await this.write(() => insertRetries(this.#pool, this.#webhookId, events))
  }

  /** Removes an event that was taken and is delivered or given up. */
  async remove(event: QueuedRetry): Promise<void> {
    await this.write(() => deleteRetry(this.#pool, this.#webhookId, event))
    this.#queue.remove(event)
  }

  /** Puts back an event that was taken and has failed once more. */
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
