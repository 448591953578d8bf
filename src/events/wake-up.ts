/** How long a reader sleeps at most: what rings the bell may have been missed. */
const sleepMsMax = 500

/** A bell that readers of the log sleep by. Counting the rings makes sure that none is slept through. */
export class WakeUp {
  #rings = 0
  #sleepers: (() => void)[] = []

  ring(): void {
    this.#rings += 1
    for (const wake of this.#sleepers.splice(0)) wake()
  }

  /** To be asked before reading, and given to `next` after it. */
  rings(): number {
    return this.#rings
  }

  /** Resolves at the next ring, at once if there was one since `rings`, when stopped, or after half a second. */
  async next(since: number, stop: AbortSignal): Promise<void> {
    if (this.#rings !== since || stop.aborted) return
    await new Promise<void>(resolve => {
      const wake = () => {
        clearTimeout(timer)
        stop.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, sleepMsMax)
      stop.addEventListener('abort', wake)
      this.#sleepers.push(wake)
    })
  }
}
