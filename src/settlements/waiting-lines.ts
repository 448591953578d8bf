import { HashTable } from './hash-table.ts'
import type { Part } from './page-values.ts'
import type { NumberedLine } from './reader.ts'
import { currencyNumber, hashed, hashText } from './text-hash.ts'

/** What a payment has come to, as far as it decides about a line. Amounts are in minor units. */
export type SeenPayment = Readonly<{
  /** The provider's reference. */
  ref: Part
  /** Its id, which is only needed where lines have one. */
  own: Part
  /** As `currencyNumber` has it. */
  currency: number
  captured: number
  refunded: number
}>

/** About 45 MB. Lines beyond that are compared in the database. */
const linesMax = 2 ** 20
/** What becomes of a line that is added. */
export type Added =
  /** Its payment decides about it. */
  | 'waits'
  /** Other lines may have to do with its payment, and this one does not wait. */
  | 'unfit'
  /** Another line has named its payment. */
  | 'repeated'
  /** It is not noted, since there is no room. */
  | 'full'

/** `spoiled`: the payment does not fit, or there are several payments or lines. */
const [waiting, matched, spoiled] = [0, 1, 2]
/** Our ids are hashed otherwise than references. */
const ownMeaning = 1

/**
 * Lines that plainly match once their payment comes along: the provider's reference names it, and amount and currency are those of the
 * payment. Payments are known by a hash of 96 bits of their reference, and lines are kept as numbers: that takes a tenth of the time of
 * the database, and of the memory of objects.
 */
export class WaitingLines {
  readonly #refs: HashTable
  /** Two parts of a hash of our own id of the payment for each line, the first 0 for none; made when the first line has one. */
  #own: Int32Array | undefined
  readonly #amounts: Float64Array
  readonly #currencies: Int32Array
  readonly #rows: Int32Array
  readonly #isRefund: Uint8Array
  readonly #states: Uint8Array

  /** @param max a power of 2 */
  constructor(max: number = linesMax) {
    this.#refs = new HashTable(max)
    ;[this.#rows, this.#currencies] = [new Int32Array(max), new Int32Array(max)]
    this.#amounts = new Float64Array(max)
    ;[this.#isRefund, this.#states] = [new Uint8Array(max), new Uint8Array(max)]
  }

  /** Whether lines name payments by our id too, so that payments need their own. */
  get namesOwn(): boolean {
    return this.#own !== undefined
  }

  /** Notes a line that is of a payment. @param paymentRef the line's */
  add(line: NumberedLine, paymentRef: string): Added {
    const at = this.#refs.add(paymentRef)
    if (at === undefined) return 'full'
    if (!this.#refs.isNew) {
      this.#states[at] = spoiled
      return 'repeated'
    }
    this.#rows[at] = line.row
    if (!isPlainOf(line, paymentRef)) {
      this.#states[at] = spoiled
      return 'unfit'
    }
    if (line.ownRef !== undefined) {
      hashText(line.ownRef, ownMeaning)
      this.#own ??= new Int32Array(2 * this.#rows.length)
      this.#own[2 * at] = hashed[0] || 1
      this.#own[2 * at + 1] = hashed[1] ?? 0
    }
    this.#amounts[at] = Math.abs(line.amount)
    this.#currencies[at] = currencyNumber(line.currency)
    if (line.kind === 'refund') this.#isRefund[at] = 1
    return 'waits'
  }

  /** Looks up the line of a payment. @returns whether a line that matches names it as a payment */
  see({ ref, own, currency, captured, refunded }: SeenPayment): boolean {
    const at = this.#refs.find(ref.text, ref.start, ref.end)
    if (at === undefined) return false
    const isRefund = this.#isRefund[at] === 1
    const fits =
      // Another payment may have the same reference.
      this.#states[at] === waiting &&
      this.#currencies[at] === currency &&
      this.#amounts[at] === (isRefund ? refunded : captured) &&
      this.#isOfOwn(at, own)
    this.#states[at] = fits ? matched : spoiled
    return fits && !isRefund
  }

  /** Whether a line has no id of ours, or this one. */
  #isOfOwn(at: number, { text, start, end }: Part): boolean {
    const own = this.#own
    if (own === undefined || own[2 * at] === 0) return true
    hashText(text, ownMeaning, start, end)
    return own[2 * at] === (hashed[0] || 1) && own[2 * at + 1] === hashed[1]
  }

  /** The rows of lines that have not matched, some at a time. */
  *unmatchedRows(rowsMax: number): Generator<number[]> {
    let rows: number[] = []
    for (let at = 0; at < this.#refs.size; at += 1) {
      if (this.#states[at] === matched) continue
      rows.push(this.#rows[at] ?? 0)
      if (rows.length < rowsMax) continue
      yield rows
      rows = []
    }
    if (rows.length > 0) yield rows
  }
}

/** Whether the payment alone decides about a line: it is not about one of several operations. */
function isPlainOf({ kind, operationRef, feeOff }: NumberedLine, paymentRef: string): boolean {
  return feeOff === 0 && kind !== 'dispute' && (operationRef === undefined || operationRef === paymentRef)
}
