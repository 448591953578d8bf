import { HashTable } from './hash-table.ts'
import type { Part } from './page-values.ts'
import type { NumberedLine } from './reader.ts'
import { isOfPayment } from './settlement.ts'
import { currencyNumber } from './text-hash.ts'

/** `several`: lines have the same id, and the database compares their fees. */
const [unbooked, booked, otherwise, several] = [0, 1, 2, 3]

/** About 40 MB. */
const linesMax = 2 ** 20

/**
 * The ids of lines, by their hashes, and what their fees are: to find an id that comes again, and a fee that is not booked or booked
 * otherwise.
 */
export class LineFees {
  readonly #ids: HashTable
  readonly #rows: Int32Array
  readonly #fees: Float64Array
  readonly #currencies: Int32Array
  readonly #states: Uint8Array
  readonly #isOfPayment: Uint8Array
  #isFull = false

  /** @param max a power of 2 */
  constructor(max: number = linesMax) {
    this.#ids = new HashTable(max)
    ;[this.#rows, this.#fees, this.#currencies] = [new Int32Array(max), new Float64Array(max), new Int32Array(max)]
    ;[this.#states, this.#isOfPayment] = [new Uint8Array(max), new Uint8Array(max)]
  }

  /** Whether lines are missing since there was no room. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** @returns whether its id is new, comes again, or neither is known since there is no more room */
  add({ row, kind, lineId, fee, net, netCurrency }: NumberedLine): 'new' | 'repeated' | 'full' {
    const at = this.#ids.add(lineId)
    if (at === undefined) {
      this.#isFull = true
      return 'full'
    }
    if (!this.#ids.isNew) {
      this.#states[at] = several
      return 'repeated'
    }
    this.#rows[at] = row
    this.#fees[at] = kind === 'fee' ? -net : fee
    this.#currencies[at] = currencyNumber(netCurrency)
    this.#isOfPayment[at] = isOfPayment(kind) ? 1 : 0
    return 'new'
  }

  /** Looks up the line of a fee that is booked. @param fee negative for one that is given back @param currency as a number */
  see({ text, start, end }: Part, fee: number, currency: number): void {
    const at = this.#ids.find(text, start, end)
    if (at === undefined || this.#states[at] === several) return
    const isSame = this.#fees[at] === fee && this.#currencies[at] === currency
    this.#states[at] = isSame ? booked : otherwise
  }

  /** How many lines have a fee that is not booked. Those whose id comes again are not counted. */
  get unbooked(): number {
    let count = 0
    for (let at = 0; at < this.#ids.size; at += 1) {
      if (this.#states[at] === unbooked && this.#fees[at] !== 0) count += 1
    }
    return count
  }

  /** The rows of lines of payments whose fee is booked otherwise. */
  *differing(): Generator<number> {
    for (let at = 0; at < this.#ids.size; at += 1) {
      if (this.#states[at] === otherwise && this.#isOfPayment[at] === 1) yield this.#rows[at] ?? 0
    }
  }
}
