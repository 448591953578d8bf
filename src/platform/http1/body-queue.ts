import { GrowingBuffer } from '../growing-buffer.ts'

/** Above this the connection is not read until the handler has taken what there is. */
const heldBytesMax = 64 * 1024

type Taker = { resolve: (result: IteratorResult<Uint8Array, undefined>) => void; reject: (error: unknown) => void }

/** The body of a request between its connection and its handler, who reads it once. */
export class BodyQueue implements AsyncIterable<Uint8Array> {
  readonly #onWanted: () => void
  readonly #held = new GrowingBuffer()
  /** The first piece, which is most often the whole body: it is handed on as it came. */
  #first: Uint8Array | undefined
  #taker: Taker | undefined
  #isEnded = false
  #isDropped = false
  #failure: unknown

  /** @param onWanted called whenever the handler waits for more than there is, or has made room */
  constructor(onWanted: () => void) {
    this.#onWanted = onWanted
  }

  get isFull(): boolean {
    return !this.#isDropped && this.#heldBytes >= heldBytesMax
  }

  get #heldBytes(): number {
    return this.#held.byteLength + (this.#first?.byteLength ?? 0)
  }

  add(piece: Uint8Array): void {
    if (piece.byteLength === 0 || this.#isDropped) return
    if (this.#taker !== undefined) {
      this.#hand({ done: false, value: piece })
    } else if (this.#heldBytes === 0) {
      this.#first = piece
    } else {
      if (this.#first !== undefined) this.#held.add(this.#first)
      this.#first = undefined
      this.#held.add(piece)
    }
  }

  end(): void {
    this.#isEnded = true
    if (this.#taker !== undefined) this.#hand({ done: true, value: undefined })
  }

  /** What came before is still delivered. */
  fail(error: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#failure = error
    const taker = this.#taker
    this.#taker = undefined
    taker?.reject(error)
  }

  /** Nobody wants the rest. */
  drop(): void {
    this.#isDropped = true
    this.#first = undefined
    this.#held.take()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.drop()
        this.#onWanted()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#first ?? (this.#held.byteLength > 0 ? this.#held.take() : undefined)
    this.#first = undefined
    if (value !== undefined) {
      if (!this.#isEnded) this.#onWanted()
      return { done: false, value }
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isEnded) return { done: true, value: undefined }
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject }
      this.#onWanted()
    })
  }

  #hand(result: IteratorResult<Uint8Array, undefined>): void {
    const taker = this.#taker
    this.#taker = undefined
    taker?.resolve(result)
  }
}
