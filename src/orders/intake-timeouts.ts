import { AppError } from '../errors.ts'
import { type Entry, fail } from './intake-queues.ts'

/** How often orders are checked for their timeout. */
const checkMs = 250

/** Fails submitted orders that take too long: a database that hangs must not hang those who wait for an answer. */
export class SubmitTimeouts {
  readonly #timeoutMs: number
  /** The orders without an outcome, oldest first. */
  readonly #entries = new Set<Entry>()
  readonly #timer: ReturnType<typeof setInterval>

  /** @param timeoutMs how long an order may take, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#timer = setInterval(() => this.#check(), checkMs)
    this.#timer.unref()
  }

  add(entry: Entry): void {
    this.#entries.add(entry)
  }

  delete(entry: Entry): void {
    this.#entries.delete(entry)
  }

  /** Fails every order that has no outcome yet, and stops checking. */
  close(error: AppError): void {
    clearInterval(this.#timer)
    for (const entry of this.#entries) fail(entry, error)
  }

  #check(): void {
    const sinceMs = performance.now() - this.#timeoutMs
    for (const entry of this.#entries) {
      if (entry.submittedAtMs > sinceMs) break
      this.#entries.delete(entry)
      fail(entry, new AppError('STORE_UNAVAILABLE', `the order was not stored within ${this.#timeoutMs} ms`))
    }
  }
}
