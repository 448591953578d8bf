import type { Violation } from '../errors.ts'
import { fateOfNumber, type NumberFate } from './json-numbers.ts'
import { depthMax, isEscaped, isInNumber } from './json-screen.ts'

/** Longer pointers are cut: a field's name may have a megabyte, and is part of the pointer of each violation inside it. */
const pointerLengthMax = 300

/** The path of a value: field names and array indexes, outermost first. */
export type JsonPath = readonly (string | number)[]

export type JsonTextOptions = {
  /** The scan ends after this many violations. */
  violationsMax?: number
  /** Says what a number must be that is not written as JavaScript writes it (`1.0`, `1e2`); undefined: it may stay. */
  requireForm?: (path: JsonPath) => string | undefined
}

export type JsonTextReading = {
  violations: Violation[]
  /**
   * The text without space between its parts, where a number is not written as JavaScript writes it: to write the parsed value
   * again would change that number.
   */
  asWritten?: string
}

/** Scans a JSON text and reports each violation. @param text well-formed */
export function scanJsonText(text: string, options: JsonTextOptions): JsonTextReading {
  return new Scan(text, options).run()
}

/** RFC 6901: `~` is written `~0` and `/` is written `~1`. What is no Unicode text is shown with U+FFFD, what is long is cut. */
export function toPointer(path: JsonPath): string {
  let pointer = ''
  for (const part of path) {
    const shown = String(part).slice(0, pointerLengthMax).toWellFormed()
    pointer += `/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (pointer.length > pointerLengthMax) break
  }
  return cutPointer(pointer)
}

/** Cuts a very long pointer. */
export function cutPointer(pointer: string): string {
  return pointer.length <= pointerLengthMax ? pointer : `${pointer.slice(0, pointerLengthMax).toWellFormed()}…`
}

const expectedOfNumber: Record<Exclude<NumberFate, 'same text' | 'same number'>, string> = {
  'negative zero': 'must not be -0, which most readers take for 0',
  'too large': 'must be a number within ±(2^53 − 1)',
  rounded: 'must be a number that a double (IEEE 754) holds without rounding: 15 digits always fit',
}

const [quote, comma, minus, zero, nine] = [0x22, 0x2c, 0x2d, 0x30, 0x39]
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

class Scan {
  readonly #text: string
  readonly #violationsMax: number
  readonly #requireForm: NonNullable<JsonTextOptions['requireForm']>
  readonly #violations: Violation[] = []
  /** The names in each object that is open, with whether they were refused already; undefined for an array. */
  readonly #names: (Map<string, boolean> | undefined)[] = []
  readonly #path: (string | number)[] = []
  #isNameNext = false
  #hasOtherForms = false
  /** The text without space, up to `#keptUntil`. */
  #kept = ''
  #keptUntil = 0

  constructor(text: string, { violationsMax = 1000, requireForm = () => undefined }: JsonTextOptions) {
    this.#text = text
    this.#violationsMax = violationsMax
    this.#requireForm = requireForm
  }

  run(): JsonTextReading {
    const text = this.#text
    for (let at = 0; at < text.length && this.#violations.length < this.#violationsMax; ) {
      const code = text.charCodeAt(at)
      if (code === quote) at = this.#readString(at)
      else if (code === minus || (code >= zero && code <= nine)) at = this.#readNumber(at)
      else {
        if (code === comma) this.#goOn()
        else if (code === closeObject || code === closeArray) this.#close()
        else if (isSpace(code)) this.#leaveOut(at)
        else if ((code === openObject || code === openArray) && !this.#open(code === openObject)) break
        at += 1
      }
    }
    const asWritten = this.#kept + text.slice(this.#keptUntil)
    return { violations: this.#violations, ...(this.#hasOtherForms && { asWritten }) }
  }

  #leaveOut(at: number): void {
    this.#kept += this.#text.slice(this.#keptUntil, at)
    this.#keptUntil = at + 1
  }

  /** @returns false when it is too deep to go on */
  #open(isObject: boolean): boolean {
    if (this.#names.length === depthMax) {
      this.#refuse(`must not nest deeper than ${depthMax} levels`)
      return false
    }
    this.#names.push(isObject ? new Map() : undefined)
    this.#path.push(isObject ? '' : 0)
    this.#isNameNext = isObject
    return true
  }

  #close(): void {
    this.#names.pop()
    this.#path.pop()
    this.#isNameNext = false
  }

  #goOn(): void {
    const last = this.#path.length - 1
    const place = this.#path[last]
    if (typeof place === 'number') this.#path[last] = place + 1
    else this.#isNameNext = true
  }

  /** @returns the position after it, as does `#readNumber` */
  #readString(start: number): number {
    const text = this.#text
    let end = text.indexOf('"', start + 1)
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
    const written = text.slice(start + 1, end)
    const hasEscapes = written.includes('\\')
    const value = hasEscapes ? (JSON.parse(`"${written}"`) as string) : written
    if (this.#isNameNext) this.#readName(value)
    if (hasEscapes) {
      if (value.includes('\0')) this.#refuse('must not hold the character U+0000')
      if (!value.isWellFormed()) this.#refuse('must not hold half a surrogate pair')
    }
    return end + 1
  }

  #readName(name: string): void {
    const names = this.#names.at(-1)
    this.#path[this.#path.length - 1] = name
    this.#isNameNext = false
    const isRefused = names?.get(name)
    if (isRefused === false) this.#refuse('must be given once')
    names?.set(name, isRefused !== undefined)
  }

  #readNumber(start: number): number {
    const text = this.#text
    let end = start + 1
    while (isInNumber(text.charCodeAt(end))) end += 1
    const written = text.slice(start, end)
    const fate = fateOfNumber(written)
    if (fate === 'same text') return end
    if (fate === 'same number') {
      this.#hasOtherForms = true
      const required = this.#requireForm(this.#path)
      if (required !== undefined) this.#refuse(required)
    } else this.#refuse(expectedOfNumber[fate])
    return end
  }

  #refuse(detail: string): void {
    this.#violations.push({ pointer: toPointer(this.#path), detail })
  }
}

/** What may stand between the parts of a JSON text. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
