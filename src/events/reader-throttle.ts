import { pause } from '../platform/periodic.ts'

/** What all readers of an instance are sent together while the intake is overloaded. */
const bytesPerSecondWhenBusy = 8 * 1024 * 1024

/** An overload is over after this long without a report: an intake that is kept from fetching looks idle, too. */
const overloadMs = 1_000

/** How long one who waits goes without asking whether that is over. */
const recheckMs = 100

/**
 * Keeps the readers of the log from taking what the intake needs. To send every order to a hundred readers is more work than to
 * store it; while orders queue up, readers get a small share, fall behind, and catch up afterwards.
 */
export class ReaderThrottle {
  readonly #now: () => number
  #overloadedAtMs = Number.NEGATIVE_INFINITY
  #freeAtMs = 0

  /** @param now milliseconds of any clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Reports that the intake is overloaded. */
  overloaded(): void {
    this.#overloadedAtMs = this.#now()
  }

  #isBusy(): boolean {
    return this.#now() - this.#overloadedAtMs < overloadMs
  }

  /** Resolves when this many bytes may be sent: at once unless the intake is overloaded. */
  async acquire(sizeBytes: number, stop: AbortSignal): Promise<void> {
    if (!this.#isBusy()) return
    const turnAtMs = Math.max(this.#now(), this.#freeAtMs)
    this.#freeAtMs = turnAtMs + (sizeBytes / bytesPerSecondWhenBusy) * 1000
    while (this.#isBusy() && !stop.aborted) {
      const waitMs = turnAtMs - this.#now()
      if (waitMs <= 0) return
      await pause(Math.min(waitMs, recheckMs), stop)
    }
    // What was to be sent at its turn has been sent without it: the turns behind it do not wait for it.
    if (!this.#isBusy()) this.#freeAtMs = 0
  }
}
