const wordBits = 32

/** Numbers of rows, a bit for each. */
export class RowSet {
  #words = new Uint32Array(1024)
  #size = 0

  /** How many rows it has. */
  get size(): number {
    return this.#size
  }

  /** @returns whether it was not there yet */
  add(row: number): boolean {
    const word = Math.floor(row / wordBits)
    if (word >= this.#words.length) this.#grow(word + 1)
    const bit = 1 << (row % wordBits)
    const before = this.#words[word] ?? 0
    if ((before & bit) !== 0) return false
    this.#words[word] = before | bit
    this.#size += 1
    return true
  }

  /** The rows in their order, some at a time. */
  *batches(rowsMax: number): Generator<number[]> {
    let rows: number[] = []
    for (const [word, bits] of this.#words.entries()) {
      for (let rest = bits, row = word * wordBits; rest !== 0; rest >>>= 1, row += 1) {
        if ((rest & 1) !== 0) rows.push(row)
      }
      if (rows.length < rowsMax) continue
      yield rows
      rows = []
    }
    if (rows.length > 0) yield rows
  }

  #grow(wordsMin: number): void {
    const words = new Uint32Array(Math.max(wordsMin, 2 * this.#words.length))
    words.set(this.#words)
    this.#words = words
  }
}
