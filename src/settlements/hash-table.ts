import { hashed, hashText } from './text-hash.ts'

/** Numbers texts by hashes of 96 bits, with open addressing: an object for each would take ten times the memory. */
export class HashTable {
  /** The number of a text, plus one; 0 where there is none. */
  readonly #slots: Int32Array
  readonly #one: Int32Array
  readonly #two: Int32Array
  readonly #three: Int32Array
  #size = 0
  #isNew = false
  /** The number of the text that was found last. */
  #last = -1

  /** @param max how many texts there may be: a power of 2 */
  constructor(max: number) {
    this.#slots = new Int32Array(2 * max)
    ;[this.#one, this.#two, this.#three] = [new Int32Array(max), new Int32Array(max), new Int32Array(max)]
  }

  get size(): number {
    return this.#size
  }

  /** Whether the text that was added last had not been there. */
  get isNew(): boolean {
    return this.#isNew
  }

  /** @returns the number of the text, from 0 in the order in which texts come; undefined when there is no more room for a new one */
  add(text: string): number | undefined {
    hashText(text, 0)
    const slot = this.#slotOf()
    const known = this.#slots[slot] ?? 0
    this.#isNew = known === 0
    if (!this.#isNew) return known - 1
    if (this.#size === this.#one.length) return undefined
    const at = this.#size
    this.#size += 1
    this.#slots[slot] = this.#size
    this.#one[at] = hashed[0] ?? 0
    this.#two[at] = hashed[1] ?? 0
    this.#three[at] = hashed[2] ?? 0
    return at
  }

  /** Looks up a text, or a part of one. @returns its number; undefined when it was not added */
  find(text: string, start = 0, end = text.length): number | undefined {
    hashText(text, 0, start, end)
    // Many texts are looked up in the order in which they were added, without a way through memory that no cache has.
    const next = this.#last + 1
    if (next < this.#size && this.#isAt(next)) {
      this.#last = next
      return next
    }
    const known = this.#slots[this.#slotOf()] ?? 0
    if (known === 0) return undefined
    this.#last = known - 1
    return this.#last
  }

  /** The slot of the text whose hash is in `hashed`, or the free one where it belongs. */
  #slotOf(): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = (hashed[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const at = (slots[slot] ?? 0) - 1
      if (at < 0 || this.#isAt(at)) return slot
    }
  }

  /** Whether the text with the number has the hash in `hashed`. */
  #isAt(at: number): boolean {
    return this.#one[at] === hashed[0] && this.#two[at] === hashed[1] && this.#three[at] === hashed[2]
  }
}
