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

/** Decodes the UTF-8 of a CSV, in pieces cut anywhere. In another encoding it would be stored with U+FFFD in place of its letters. */
export class CsvDecoder {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })

  /** @param piece undefined: there are no more @throws CsvError when it is not UTF-8 */
  decode(piece?: Uint8Array): string {
    try {
      return piece === undefined ? this.#decoder.decode() : this.#decoder.decode(piece, { stream: true })
    } catch (error) {
      throw new CsvError('the text is not UTF-8, on this line or behind it', { cause: error })
    }
  }
}

export type CsvForm = Readonly<{
  /** One character. */
  separator: string
  /** Whether records differ in how many fields they have. */
  isUneven: boolean
  /** How long a record may be: without an end of quotes a whole file would be one. */
  charactersMax: number
}>

const [quote, lineFeed, carriageReturn] = ['"', '\n', '\r'] as const
const [quoteCode, lineFeedCode, carriageReturnCode] = [
  quote.charCodeAt(0),
  lineFeed.charCodeAt(0),
  carriageReturn.charCodeAt(0),
]

/**
 * The fields of a record as parts of a text. They are not cut out until they are asked for, since that takes longer than finding them, and
 * most fields of a wide record are never read. The splitter fills it with the next record, so keep its values and not the record.
 */
export class CsvRecord {
  #text = ''
  #length = 0
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  /** The text that has all fields at the places that follow. */
  get text(): string {
    return this.#text
  }

  /** How many fields there are. */
  get length(): number {
    return this.#length
  }

  /** Where a field begins in the text. @param index of the field, which must be there */
  start(index: number): number {
    return this.#starts[index] ?? 0
  }

  /** Where it ends. */
  end(index: number): number {
    return this.#ends[index] ?? 0
  }

  /** Whether a field is there and has a character. */
  isFilled(index: number): boolean {
    return index >= 0 && index < this.#length && this.start(index) < this.end(index)
  }

  /** The text of a field; the empty text for one that is not there. */
  value(index: number): string {
    return this.isFilled(index) ? this.#text.slice(this.start(index), this.end(index)) : ''
  }

  values(): string[] {
    return Array.from({ length: this.#length }, (_, index) => this.value(index))
  }

  /** Begins the next record. */
  begin(text: string): void {
    this.#text = text
    this.#length = 0
  }

  /** Begins the next record with the fields between separators. */
  cut(text: string, start: number, end: number, separatorCode: number): void {
    this.begin(text)
    const starts = this.#starts
    const ends = this.#ends
    let length = 0
    let fieldStart = start
    for (let at = start; at < end; at += 1) {
      if (text.charCodeAt(at) !== separatorCode) continue
      starts[length] = fieldStart
      ends[length] = at
      length += 1
      fieldStart = at + 1
    }
    this.#length = length
    this.add(fieldStart, end)
  }

  add(start: number, end: number): void {
    this.#starts[this.#length] = start
    this.#ends[this.#length] = end
    this.#length += 1
  }

  /** Writes a quote for each doubled one. */
  mergeQuotes(): void {
    const values = this.values().map(value => value.replaceAll('""', '"'))
    this.begin(values.join(''))
    let start = 0
    for (const value of values) {
      this.add(start, start + value.length)
      start += value.length
    }
  }
}

/** Splits a text that comes in pieces, cut anywhere. */
export class CsvSplitter {
  readonly #form: CsvForm
  readonly #onRecord: (record: CsvRecord) => void
  readonly #separatorCode: number
  readonly #record = new CsvRecord()
  /** What is not a whole record yet. */
  #text = ''
  #fields: number | undefined
  #line = 1

  /** @param onRecord is called with each record that is not empty; what it throws ends the splitting */
  constructor(form: CsvForm, onRecord: (record: CsvRecord) => void) {
    this.#form = form
    this.#onRecord = onRecord
    this.#separatorCode = form.separator.charCodeAt(0)
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
        const recordEnd = this.#readQuoted(text, start, false)
        if (recordEnd === undefined) break
        this.#handOn(recordEnd - start)
        this.#line += linesWithin(text, end, recordEnd)
        start = recordEnd + 1
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
    if (this.#readQuoted(text, 0, true) === undefined) throw new CsvError('a quote is not closed')
    this.#handOn(text.length)
  }

  #handOnPlain(text: string, start: number, end: number): void {
    const last = end > start && text.charCodeAt(end - 1) === carriageReturnCode ? end - 1 : end
    if (last === start) return
    // Otherwise a whole file would be taken for its heading.
    if (this.#fields === undefined && text.slice(start, last).includes(carriageReturn)) {
      throw new CsvError('rows end with CR alone')
    }
    this.#record.cut(text, start, last, this.#separatorCode)
    this.#handOn(last - start)
  }

  #handOn(characters: number): void {
    this.#checkLength(characters)
    const { length } = this.#record
    this.#fields ??= length
    if (!this.#form.isUneven && length !== this.#fields) {
      throw new CsvError(`it has ${length} fields, and the heading ${this.#fields}`)
    }
    this.#onRecord(this.#record)
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
   * @returns where it ends; undefined when more text is needed
   */
  #readQuoted(text: string, start: number, isLast: boolean): number | undefined {
    this.#record.begin(text)
    let hasDoubled = false
    for (let at = start; ; at += 1) {
      const isQuoted = text.charCodeAt(at) === quoteCode
      const [from, to] = isQuoted ? [at + 1, quotedEnd(text, at + 1, isLast)] : [at, this.#plainEnd(text, at)]
      if (to === undefined) return undefined
      hasDoubled ||= isQuoted && text.slice(from, to).includes(quote)
      at = isQuoted ? to + 1 : to
      // CR belongs to the end of the row, also behind a quote.
      const isReturn = isQuoted && text.charCodeAt(at) === carriageReturnCode
      if (isReturn) at += 1
      const isEnd = at >= text.length || text[at] === lineFeed
      if (at >= text.length && !isLast) return undefined
      if (!isEnd && (isReturn || text.charCodeAt(at) !== this.#separatorCode)) {
        throw new CsvError('text follows a closed quote')
      }
      const isReturnLast = isEnd && !isQuoted && to > from && text.charCodeAt(to - 1) === carriageReturnCode
      this.#record.add(from, isReturnLast ? to - 1 : to)
      if (!isEnd) continue
      if (hasDoubled) this.#record.mergeQuotes()
      return at
    }
  }

  /** Where a field without quotes ends. */
  #plainEnd(text: string, start: number): number {
    let end = start
    for (; end < text.length; end += 1) {
      const code = text.charCodeAt(end)
      if (code === this.#separatorCode || code === lineFeedCode) break
      if (code === quoteCode) throw new CsvError('a quote stands inside a field that has none around it')
    }
    return end
  }
}

/** Where the quote is that closes a field; undefined when more text is needed. @param start just behind the quote that opens it */
function quotedEnd(text: string, start: number, isLast: boolean): number | undefined {
  for (let from = start; ; ) {
    const end = text.indexOf(quote, from)
    // Another quote may follow.
    if (end === -1 || (end + 1 === text.length && !isLast)) return undefined
    if (text.charCodeAt(end + 1) !== quoteCode) return end
    from = end + 2
  }
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
