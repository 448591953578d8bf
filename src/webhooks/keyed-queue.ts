/**
 * Work in lanes: what is in one lane is done one after another, in the order in which it came; different lanes go side by side.
 */
export class KeyedQueue<Work> {
  /** What waits in each lane behind the one that is being done or is ready to be. */
  readonly #waiting = new Map<string, Work[]>()
  #ready: { lane: string; work: Work }[] = []
  #next = 0

  get hasReady(): boolean {
    return this.#next < this.#ready.length
  }

  add(lane: string, work: Work): void {
    const waiting = this.#waiting.get(lane)
    if (waiting !== undefined) {
      waiting.push(work)
      return
    }
    this.#waiting.set(lane, [])
    this.#ready.push({ lane, work })
  }

  /** What can be done now, if there is anything; its lane stands still until `done` or `clear`. */
  take(): { lane: string; work: Work } | undefined {
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

  /** What was taken from a lane is done: the next of the lane is ready. */
  done(lane: string): void {
    const next = this.#waiting.get(lane)?.shift()
    if (next === undefined) this.#waiting.delete(lane)
    else this.#ready.push({ lane, work: next })
  }

  /** What was taken from a lane is done, and nothing behind it is to be. @returns what waited there */
  clear(lane: string): Work[] {
    const waiting = this.#waiting.get(lane) ?? []
    this.#waiting.delete(lane)
    return waiting
  }
}
