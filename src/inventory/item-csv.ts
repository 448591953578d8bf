import { AppError, type Violation } from '../errors.ts'
import { CsvDecoder, CsvError, CsvSplitter } from '../platform/csv.ts'
import { itemBytesMax, itemLine } from './item-document.ts'

/**
 * Items as CSV (RFC 4180, UTF-8, comma): a heading with the names of fields, and a row for each item. A price has a column for each
 * currency, such as `prices.USD`. An empty cell is a field that is left out.
 */

/** A row as the JSON that it stands for, and the number of the line in which it begins. */
export type CsvLine = Readonly<{ line: number; json: Uint8Array }>

const priceColumn = /^prices\.(.+)$/
const integers = new Set(
  Object.entries(itemLine.properties).flatMap(([name, schema]) => (isInteger(schema) ? name : [])),
)

function isInteger(schema: object): boolean {
  const { type } = schema as { type?: string | readonly string[] }
  return type === 'integer' || (Array.isArray(type) && type.includes('integer'))
}

/**
 * Reads rows in portions.
 *
 * @throws AppError REQUEST_INVALID for a heading with unknown columns, and for what is not CSV or not UTF-8, after the rows before it
 */
export async function* csvPortions(body: AsyncIterable<Uint8Array>, linesMax: number): AsyncGenerator<CsvLine[]> {
  let heading: readonly string[] | undefined
  const lines: CsvLine[] = []
  const splitter = new CsvSplitter({ separator: ',', isUneven: true, charactersMax: itemBytesMax }, record => {
    const cells = record.values()
    if (heading === undefined) heading = checkedHeading(cells)
    else lines.push({ line: splitter.line, json: Buffer.from(JSON.stringify(itemOf(heading, cells))) })
  })
  let failure: unknown
  try {
    const decoder = new CsvDecoder()
    for await (const chunk of body) {
      splitter.write(decoder.decode(chunk))
      while (lines.length >= linesMax) yield lines.splice(0, linesMax)
    }
    splitter.write(decoder.decode())
    splitter.end()
  } catch (error) {
    failure = error instanceof CsvError ? csvInvalid(error, splitter.line) : error
  }
  while (lines.length > 0) yield lines.splice(0, linesMax)
  if (failure !== undefined) throw failure
}

function csvInvalid(error: CsvError, line: number): AppError {
  return new AppError('REQUEST_INVALID', `the body is not CSV: line ${line}: ${error.message}`, { cause: error })
}

function checkedHeading(cells: readonly string[]): readonly string[] {
  const names = cells.map(cell => cell.trim())
  const violations = names.flatMap((name, index): Violation[] => {
    const isKnown = priceColumn.test(name) || (Object.hasOwn(itemLine.properties, name) && name !== 'prices')
    if (!isKnown)
      return [
        { pointer: `/${index}`, detail: `must be the name of a field, and is ${JSON.stringify(name.slice(0, 64))}` },
      ]
    return names.indexOf(name) < index ? [{ pointer: `/${index}`, detail: `must be given once: ${name}` }] : []
  })
  if (violations.length > 0)
    throw new AppError('REQUEST_INVALID', 'the heading of the CSV is not valid', { violations })
  return names
}

/** The item that a row stands for; what cannot be one is left as it is, and is refused by the contract. */
function itemOf(heading: readonly string[], cells: readonly string[]): unknown {
  if (cells.length > heading.length) return cells
  const prices: Record<string, unknown> = {}
  const item: Record<string, unknown> = { prices }
  for (const [index, name] of heading.entries()) {
    const cell = cells[index] ?? ''
    if (cell === '') continue
    const [, currency] = priceColumn.exec(name) ?? []
    if (currency !== undefined) prices[currency] = integerOf(cell)
    else if (integers.has(name)) item[name] = integerOf(cell)
    else if (name === 'active') item[name] = cell === 'true' ? true : cell === 'false' ? false : cell
    else item[name] = cell
  }
  return item
}

function integerOf(cell: string): unknown {
  const number = /^-?\d{1,16}$/.test(cell) ? Number(cell) : Number.NaN
  return Number.isSafeInteger(number) ? number : cell
}
