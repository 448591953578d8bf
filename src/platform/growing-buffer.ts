const smallestBytes = 4 * 1024
const nothing = new Uint8Array(0)

/** A buffer that grows as pieces are added: linear work, however small the pieces are. */
export class GrowingBuffer {
  #bytes: Uint8Array = nothing
  #length = 0
  readonly #expectedBytes: number

  /** @param expectedBytes its final size, where that is known: it is allocated at once */
  constructor(expectedBytes = 0) {
    this.#expectedBytes = expectedBytes
  }

  get byteLength(): number {
    return this.#length
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.byteLength
    if (length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.byteLength * 2, this.#expectedBytes || smallestBytes))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** Returns what was added and empties the buffer; the bytes belong to the caller. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = nothing
    this.#length = 0
    return taken
  }
}
