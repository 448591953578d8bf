import type { AmountForm } from './amount.ts'
import { SettlementFileError, type SettlementLine } from './settlement.ts'

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
  read(fields: readonly string[]): SettlementLine | undefined
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
  heading: readonly string[],
  needed: readonly Name[],
  optional: readonly Name[],
): Columns<Name> {
  const names = heading.map(name => name.trim())
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
export function cell(fields: readonly string[], column: number): string {
  return fields[column]?.trim() ?? ''
}

/** Begins a file whose first row is its heading. @param bind makes the reader of the other rows */
export function withHeading(bind: (heading: readonly string[]) => RowReader['read']): RowReader {
  let read: RowReader['read'] | undefined
  return {
    read(fields) {
      if (read !== undefined) return read(fields)
      read = bind(fields)
      return undefined
    },
    end() {},
  }
}

/** The first text that is not empty; undefined for none. */
export function firstOf(first: string, second = ''): string | undefined {
  return first || second || undefined
}
