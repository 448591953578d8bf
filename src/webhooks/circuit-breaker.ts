import { type DeliveryRules, pauseDelayMs } from './webhook.ts'

/**
 * Judges a receiver by its last answers. After several failures in a row the subscription pauses as a whole, and then one
 * request at a time shows whether the receiver is back: one that is down is not asked for each event.
 */
export class CircuitBreaker {
  readonly #rules: DeliveryRules
  #failures = 0
  #pauses = 0
  /** By the monotonic clock: a clock that is set does not change a pause. */
  #pausedUntilMs = 0
  #failingSinceMs: number | null

  /** @param failingSinceMs as it was when the subscription was last delivered to */
  constructor(rules: DeliveryRules, failingSinceMs: number | null) {
    this.#rules = rules
    this.#failingSinceMs = failingSinceMs
  }

  /** When the failures began that nothing was delivered since. */
  get failingSinceMs(): number | null {
    return this.#failingSinceMs
  }

  /** Whether the receiver takes nothing, as far as is known. */
  get isOpen(): boolean {
    return this.#failures >= this.#rules.failuresBeforePause
  }

  /** How many requests may be under way. @param monotonicMs milliseconds of the monotonic clock */
  requestsMax(monotonicMs: number): number {
    if (!this.isOpen) return this.#rules.requestsMax
    return monotonicMs < this.#pausedUntilMs ? 0 : 1
  }

  /** @returns whether the subscription had been pausing until now */
  succeeded(): boolean {
    const wasOpen = this.isOpen
    this.#failures = 0
    this.#pauses = 0
    this.#failingSinceMs = null
    return wasOpen
  }

  /**
   * @param nowMs milliseconds since 1970
   * @param isRepetition whether the event has failed before: then it says of the receiver only that it is not back, for it may
   *   take every event but this
   * @param monotonicMs the same moment by the monotonic clock
   * @returns how long the subscription pauses, when a pause begins
   */
  failed(nowMs: number, random: number, isRepetition: boolean, monotonicMs = nowMs): number | undefined {
    if (!isRepetition) this.#failures += 1
    this.#failingSinceMs ??= nowMs
    // Requests that were under way when the pause began make it no longer.
    if (!this.isOpen || monotonicMs < this.#pausedUntilMs) return undefined
    const delayMs = pauseDelayMs(this.#rules, this.#pauses, random)
    this.#pauses += 1
    this.#pausedUntilMs = monotonicMs + delayMs
    return delayMs
  }

  /** The receiver is another one: it is asked at once. */
  forget(): void {
    this.#failures = 0
    this.#pauses = 0
    this.#pausedUntilMs = 0
  }
}
