/** The longest that a reader sleeps: a notification may have been missed. */
const sleepMsMax = 500

/** Wakes the readers of the log. They count notifications, so that none is slept through. */
export class Notifier {
  #notifications = 0
  readonly #sleepers = new Set<() => void>()

  /** Wakes everyone who waits. */
  notify(): void {
    this.#notifications += 1
    for (const wake of [...this.#sleepers]) wake()
  }

  /** How many notifications there were: ask before reading, and pass it to `next` afterwards. */
  seen(): number {
    return this.#notifications
  }

  /** Resolves at the next notification, at once if there was one since `seen` was asked, when stopped, or after half a second. */
  async next(since: number, stop: AbortSignal): Promise<void> {
    if (this.#notifications !== since || stop.aborted) return
    await new Promise<void>(resolve => {
      const wake = () => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        stop.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, sleepMsMax)
      stop.addEventListener('abort', wake)
      this.#sleepers.add(wake)
    })
  }
}
