/** A part of a text that is not cut out of it. */
export type Part = Readonly<{ text: string; start: number; end: number }>

const separator = '\n'
const [zero, nine] = ['0'.charCodeAt(0), '9'.charCodeAt(0)]

/** Selects a value of each row as one text, for `PageValues`. No value may be null or have a line end; `oneLine` sees to it. */
export const allOf = (value: string) => `string_agg(${value}, E'\\n')`

/** A text, or the empty text for null and for a text with a line end. */
export const oneLine = (text: string) => `case when strpos(${text}, E'\\n') = 0 then ${text} else '' end`

/**
 * The values of the rows of a page, which stand in one text, one after another. Cutting them out would leave more garbage than the rest of
 * the page.
 */
export class PageValues {
  readonly text: string
  #start = 0
  #end = -1
  /** Where the separator is behind the value. */
  #next = -1

  /** @param text null for a page without rows */
  constructor(text: string | null) {
    this.text = text ?? ''
  }

  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#end
  }

  /** Goes to the next value, first to the first one. */
  advance(): void {
    this.#start = this.#next + 1
    const next = this.text.indexOf(separator, this.#start)
    this.#next = next === -1 ? this.text.length : next
    this.#end = this.#next
  }

  /** Leaves out what the value begins and ends with. @returns whether it does */
  narrow(prefix: string, suffix: string): boolean {
    const [start, end] = [this.#start + prefix.length, this.#end - suffix.length]
    if (end < start || !this.text.startsWith(prefix, this.#start) || !this.text.startsWith(suffix, end)) return false
    ;[this.#start, this.#end] = [start, end]
    return true
  }

  /** The value as a number that is whole and not negative; otherwise NaN. */
  number(): number {
    let number = 0
    for (let at = this.#start; at < this.#end; at += 1) {
      const code = this.text.charCodeAt(at)
      if (code < zero || code > nine) return Number.NaN
      number = number * 10 + (code - zero)
    }
    return number
  }

  toString(): string {
    return this.text.slice(this.#start, this.#end)
  }
}
