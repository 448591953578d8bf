import { signal } from '@preact/signals'

/** Something that a page shows, read again when something has happened. Of reads that overtake each other the one that began last is shown. */
export class Latest<Shown> {
  /** Undefined until it was read. */
  readonly value = signal<Shown | undefined>(undefined)
  /** Why it could not be read the last time; undefined when it was. */
  readonly failure = signal<unknown>(undefined)
  readonly #read: () => Promise<Shown>
  #asked = 0
  #shown = 0

  constructor(read: () => Promise<Shown>) {
    this.#read = read
  }

  async load(): Promise<void> {
    this.#asked += 1
    const turn = this.#asked
    try {
      const value = await this.#read()
      if (turn < this.#shown) return
      this.#shown = turn
      this.value.value = value
      this.failure.value = undefined
    } catch (error) {
      if (turn >= this.#shown) this.failure.value = error
    }
  }
}
