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
  /**
   * Begins a file.
   *
   * @returns reads the rows of the file one after another, headings included: a line, or nothing for a row that has none
   */
  begin(decimal: AmountForm['decimal']): (fields: readonly string[]) => SettlementLine | undefined
}>

/** Reads the fields of a row by the names of their columns. */
export type Cells<Name extends string> = (fields: readonly string[], name: Name) => string

/**
 * Finds columns by name in a heading. A column that comes twice is refused, and so is a heading without one that is needed; others
 * read as the empty text where they are missing.
 *
 * @throws SettlementFileError naming the columns
 */
export function cellsOf<Name extends string>(
  heading: readonly string[],
  needed: readonly Name[],
  optional: readonly Name[],
): Cells<Name> {
  const names = heading.map(name => name.trim())
  const missing = needed.filter(name => !names.includes(name))
  if (missing.length > 0) throw new SettlementFileError(`there is no column ${missing.join(', ')}`)
  const places = {} as Record<Name, number>
  for (const name of [...needed, ...optional]) {
    places[name] = names.indexOf(name)
    if (places[name] !== names.lastIndexOf(name)) throw new SettlementFileError(`the column ${name} is there twice`)
  }
  return (fields, name) => {
    const place = places[name]
    return place === -1 ? '' : (fields[place] ?? '').trim()
  }
}

/** Begins a file whose first row is its heading. @param bind makes the reader of the other rows */
export function withHeading(
  bind: (heading: readonly string[]) => (fields: readonly string[]) => SettlementLine | undefined,
): (fields: readonly string[]) => SettlementLine | undefined {
  let read: ReturnType<typeof bind> | undefined
  return fields => {
    if (read !== undefined) return read(fields)
    read = bind(fields)
    return undefined
  }
}

/** The first text that is not empty; undefined for none. */
export function firstOf(...texts: readonly string[]): string | undefined {
  return texts.find(text => text !== '')
}
