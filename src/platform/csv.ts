/**
 * Splits CSV into records, after RFC 4180: fields in quotes may hold separators, line ends and doubled quotes. Rows end with LF or CRLF.
 *
 * It is strict where common parsers guess: what a file about money or items leaves open is refused. `csv-parse` is as strict and takes ten times
 * as long; uDSV and Papa Parse are quick, and read over quotes that are not closed or stand inside a field.
 */

/** The text is no CSV at the record behind the last one that was handed on. */
export class CsvError extends Error {
  override readonly name = 'CsvError'
}

export type CsvForm = Readonly<{
  /** One character. */
  separator: string
  /** Whether records differ in how many fields they have. */
  isUneven: boolean
  /** How long a record may be: without an end of quotes a whole file would be one. */
  charactersMax: number
}>

const [quote, lineFeed] = ['"', '\n'] as const
const carriageReturn = '\r'.charCodeAt(0)

/** Splits a text that comes in pieces, cut anywhere. */
export class CsvSplitter {
  readonly #form: CsvForm
  readonly #onRecord: (fields: string[]) => void
  /** What is not a whole record yet. */
  #text = ''
  #fields: number | undefined
  #line = 1

  /** @param onRecord is called with each record that is not empty; what it throws ends the splitting */
  constructor(form: CsvForm, onRecord: (fields: string[]) => void) {
    this.#form = form
    this.#onRecord = onRecord
  }

  /** Where the record begins that is being handed on, or that is no CSV: a line of the text, from 1; empty lines count. */
  get line(): number {
    return this.#line
  }

  /** Splits the next piece. @throws CsvError */
  write(piece: string): void {
    const text = this.#text + piece
    let start = 0
    // Looked up once for many records: most have no quote.
    let quoteAt = next(text, quote, 0)
    for (;;) {
      const end = text.indexOf(lineFeed, start)
      if (end === -1) break
      if (quoteAt < start) quoteAt = next(text, quote, start)
      if (quoteAt < end) {
        const read = this.#readQuoted(text, start, false)
        if (read === undefined) break
        this.#handOn(read.fields, read.end - start)
        this.#line += linesWithin(text, end, read.end)
        start = read.end + 1
      } else {
        this.#handOnPlain(text, start, end)
        this.#line += 1
        start = end + 1
      }
    }
    this.#text = text.slice(start)
    this.#checkLength(this.#text.length)
  }

  /** Splits what is left. @throws CsvError */
  end(): void {
    const text = this.#text
    if (text === '') return
    if (!text.includes(quote)) {
      this.#handOnPlain(text, 0, text.length)
      return
    }
    const read = this.#readQuoted(text, 0, true)
    if (read === undefined) throw new CsvError('a quote is not closed')
    this.#handOn(read.fields, text.length)
  }

  #handOnPlain(text: string, start: number, end: number): void {
    const last = end > start && text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end
    if (last === start) return
    const record = text.slice(start, last)
    // Otherwise a whole file would be taken for its heading.
    if (this.#fields === undefined && record.includes('\r')) throw new CsvError('rows end with CR alone')
    this.#handOn(record.split(this.#form.separator), record.length)
  }

  #handOn(fields: string[], length: number): void {
    this.#checkLength(length)
    this.#fields ??= fields.length
    if (!this.#form.isUneven && fields.length !== this.#fields) {
      throw new CsvError(`it has ${fields.length} fields, and the heading ${this.#fields}`)
    }
    this.#onRecord(fields)
  }

  #checkLength(length: number): void {
    const { charactersMax } = this.#form
    if (length > charactersMax)
      throw new CsvError(`it is longer than ${charactersMax} characters: is a quote not closed?`)
  }

  /**
   * Reads a record that has a quote.
   *
   * @param isLast whether the text ends the record
   * @returns its fields, and where it ends; undefined when more text is needed
   */
  #readQuoted(text: string, start: number, isLast: boolean): { fields: string[]; end: number } | undefined {
    const { separator } = this.#form
    const fields: string[] = []
    for (let at = start; ; at += 1) {
      const isQuoted = text[at] === quote
      const field = isQuoted ? quotedField(text, at, isLast) : plainField(text, at, separator)
      if (field === undefined) return undefined
      at = field.end
      // CR belongs to the end of the row, also behind a quote.
      if (isQuoted && text[at] === '\r') at += 1
      const isEnd = at >= text.length || text[at] === lineFeed
      if (at >= text.length && !isLast) return undefined
      if (!isEnd && (text[at] !== separator || at > field.end)) throw new CsvError('text follows a closed quote')
      fields.push(isEnd && !isQuoted && field.value.endsWith('\r') ? field.value.slice(0, -1) : field.value)
      if (isEnd) return { fields, end: at }
    }
  }
}

type Field = { value: string /** Just behind it. */; end: number }

function quotedField(text: string, start: number, isLast: boolean): Field | undefined {
  let value = ''
  for (let from = start + 1; ; ) {
    const end = text.indexOf(quote, from)
    // Another quote may follow.
    if (end === -1 || (end + 1 === text.length && !isLast)) return undefined
    if (text[end + 1] !== quote) return { value: value + text.slice(from, end), end: end + 1 }
    value += text.slice(from, end + 1)
    from = end + 2
  }
}

function plainField(text: string, start: number, separator: string): Field {
  let end = start
  for (; end < text.length; end += 1) {
    const character = text[end]
    if (character === separator || character === lineFeed) break
    if (character === quote) throw new CsvError('a quote stands inside a field that has none around it')
  }
  return { value: text.slice(start, end), end }
}

/** How many lines end from one end of a line to another. */
function linesWithin(text: string, first: number, last: number): number {
  let lines = 1
  for (let at = first; at < last; at = text.indexOf(lineFeed, at + 1)) lines += 1
  return lines
}

/** Where a character is found at or after a place; behind everything when it is not. */
function next(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from)
  return at === -1 ? Number.POSITIVE_INFINITY : at
}
