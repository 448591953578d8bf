import type { CsvRecord } from '../platform/csv.ts'
import { type AmountForm, minorIn, toMinor } from './amount.ts'
import { SettlementFileError, type SettlementLine } from './settlement.ts'
import { instantIn, toInstant } from './time.ts'

/** A form of settlement files: a file here, a value, and an entry in `formats.ts`. */
export type SettlementFormat = Readonly<{
  name: string
  /** What it is, in a few words. */
  title: string
  /** The provider whose files have it; undefined: it is said for each file. */
  provider: string | undefined
  /** The separators of a file that nothing else is said of. */
  separator: string
  decimal: AmountForm['decimal']
  /** Whether rows differ in how many fields they have. */
  isUneven: boolean
  /** Whether a payout is what its lines come to, where the file has no line of its own for it. */
  derivesPayouts: boolean
  /** Begins a file. */
  begin(decimal: AmountForm['decimal']): RowReader
}>

/** Reads the rows of a file one after another. */
export type RowReader = Readonly<{
  /** @returns a line, or nothing for a row that has none, such as a heading */
  read(record: CsvRecord): SettlementLine | undefined
  /** Is called behind the last row. @throws SettlementFileError for a file that is cut off */
  end(): void
}>

/** Where the columns stand in a row, by name; -1 for one that is not there. */
export type Columns<Name extends string> = Readonly<Record<Name, number>>

/**
 * Finds columns by name in a heading. A column that comes twice is refused, and so is a heading without one that is needed.
 *
 * @throws SettlementFileError naming the columns
 */
export function columnsOf<Name extends string>(
  heading: CsvRecord,
  needed: readonly Name[],
  optional: readonly Name[],
): Columns<Name> {
  // PayPal writes a name with two blanks.
  const names = heading.values().map(name => name.trim().replaceAll(/\s+/g, ' '))
  const missing = needed.filter(name => !names.includes(name))
  if (missing.length > 0) throw new SettlementFileError(`there is no column ${missing.join(', ')}`)
  const columns = {} as Record<Name, number>
  for (const name of [...needed, ...optional]) {
    columns[name] = names.indexOf(name)
    if (columns[name] !== names.lastIndexOf(name)) throw new SettlementFileError(`the column ${name} is there twice`)
  }
  return columns
}

/** The text of a field, without blanks around it; the empty text for a column that is not there. */
export function cell(record: CsvRecord, column: number): string {
  const text = record.value(column)
  return isTight(record, column) ? text : text.trim()
}

/** The first of two fields that is not empty; undefined for none. */
export function firstCell(record: CsvRecord, first: number, second = -1): string | undefined {
  return cell(record, first) || cell(record, second) || undefined
}

/**
 * Makes a reader of columns whose texts recur from row to row, such as a currency: comparing a field with the one before takes a fraction of
 * cutting it out. A column needs a reader of its own.
 *
 * @param toValue gets the text of the field as `cell` does
 */
export function recurring<Value>(toValue: (text: string) => Value): (record: CsvRecord, column: number) => Value {
  let text = ''
  let value = toValue(text)
  return (record, column) => {
    if (!record.isFilled(column)) return text === '' ? value : toValue('')
    const start = record.start(column)
    if (record.end(column) - start === text.length && record.text.startsWith(text, start)) return value
    text = record.value(column)
    value = toValue(text.trim())
    return value
  }
}

/** Reads an amount, as `toMinor` does. */
export function amountIn(record: CsvRecord, column: number, code: string, form: AmountForm): number {
  if (!record.isFilled(column) || !isTight(record, column)) return toMinor(cell(record, column), code, form)
  return minorIn(record.text, record.start(column), record.end(column), code, form)
}

/** Reads a time, as `toInstant` does. */
export function timeIn(record: CsvRecord, column: number, zone?: string): number | undefined {
  if (!record.isFilled(column) || !isTight(record, column)) return toInstant(cell(record, column), zone)
  return instantIn(record.text, record.start(column), record.end(column), zone)
}

/** Whether a field has no blanks around it, as far as it takes no time to say: few fields have, and looking takes a fraction of trimming. */
function isTight(record: CsvRecord, column: number): boolean {
  const { text } = record
  return (
    record.isFilled(column) &&
    isInk(text.charCodeAt(record.start(column))) &&
    isInk(text.charCodeAt(record.end(column) - 1))
  )
}

/** Whether a character of ASCII is no blank. */
function isInk(code: number): boolean {
  return code > 0x20 && code < 0x7f
}

/** Begins a file whose first row is its heading. @param bind makes the reader of the other rows */
export function withHeading(bind: (heading: CsvRecord) => RowReader['read']): RowReader {
  let read: RowReader['read'] | undefined
  return {
    read(record) {
      if (read !== undefined) return read(record)
      read = bind(record)
      return undefined
    },
    end() {},
  }
}
