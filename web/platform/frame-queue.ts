/** The most that waits for the next frame; beyond it the page stops reading from the server. */
const waitingMax = 5_000

/** Collects things, and hands them over together before the next frame is drawn. */
export class FrameQueue<Thing> {
  readonly #take: (things: readonly Thing[]) => void
  #waiting: Thing[] = []
  #frame: Promise<void> | undefined

  constructor(take: (things: readonly Thing[]) => void) {
    this.#take = take
  }

  /** Resolves at once while there is room, and otherwise when the next frame has made some. */
  add(thing: Thing): Promise<void> | undefined {
    this.#waiting.push(thing)
    this.#frame ??= nextFrame().then(() => this.flush())
    return this.#waiting.length < waitingMax ? undefined : this.#frame
  }

  flush(): void {
    const things = this.#waiting
    this.#waiting = []
    this.#frame = undefined
    if (things.length > 0) this.#take(things)
  }
}

/** Resolves at the next frame; in a hidden page, which has none, a little later. */
function nextFrame(): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, 250)
    requestAnimationFrame(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
