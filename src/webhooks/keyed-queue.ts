/**
 * Work by key: work of one key is done one after another, in the order in which it was added; different keys run side by side.
 */
export class KeyedQueue<Work> {
  /** What waits for each key, behind the work that is running or ready. */
  readonly #waiting = new Map<string, Work[]>()
  #ready: { key: string; work: Work }[] = []
  #next = 0

  get hasReady(): boolean {
    return this.#next < this.#ready.length
  }

  add(key: string, work: Work): void {
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      waiting.push(work)
      return
    }
    this.#waiting.set(key, [])
    this.#ready.push({ key, work })
  }

  /** Takes what can be done now, if there is anything; nothing else of its key is taken until `done` or `clear`. */
  take(): { key: string; work: Work } | undefined {
    const first = this.#ready[this.#next]
    if (first === undefined) return undefined
    this.#next += 1
    // Shifting one at a time would move all that are behind.
    if (this.#next > 1_000 || this.#next === this.#ready.length) {
      this.#ready = this.#ready.slice(this.#next)
      this.#next = 0
    }
    return first
  }

  /** The work taken for a key is done: the next one is ready. */
  done(key: string): void {
    const next = this.#waiting.get(key)?.shift()
    if (next === undefined) this.#waiting.delete(key)
    else this.#ready.push({ key, work: next })
  }

  /** The work taken for a key is done, and nothing behind it is to be. @returns what waited */
  clear(key: string): Work[] {
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    return waiting
  }
}
