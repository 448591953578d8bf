import { createReadStream } from 'node:fs'
import { CsvError, type Parser, parse } from 'csv-parse'
import type { SettlementFormat } from './format.ts'
import { SettlementFileError, type SettlementLine } from './settlement.ts'

/** A line with the number of its row: the heading counts, empty rows do not. */
export type NumberedLine = SettlementLine & { row: number }

export type SettlementFile = Readonly<{
  path: string
  format: SettlementFormat
  /** Undefined: those of the format. */
  separator?: string | undefined
  decimal?: '.' | ',' | undefined
}>

/** As long as ids are; longer ones are no ids. */
const idCharactersMax = 200
/** A row is a few hundred bytes; without an end of quotes a whole file would be one. */
const rowBytesMax = 65_536
const chunkBytes = 262_144

/**
 * Reads a settlement file as a stream, some thousand lines in memory at a time.
 *
 * @param take stores lines; a second batch is read meanwhile, and no third
 * @param batchLinesMin how many lines make a batch; a batch has up to a chunk of the file more
 * @returns how many rows there are
 * @throws SettlementFileError for the first row that is not what it must be, with its number; the error of the file system
 */
export async function readSettlements(
  { path, format, separator = format.separator, decimal = format.decimal }: SettlementFile,
  take: (lines: readonly NumberedLine[]) => Promise<void>,
  batchLinesMin: number,
): Promise<number> {
  const read = format.begin(decimal)
  let lines: NumberedLine[] = []
  let row = 0
  const parser = parse({
    delimiter: separator,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: format.isUneven,
    max_record_size: rowBytesMax,
    // Nothing is handed on as a stream of objects, which would take as long as the parsing.
    on_record: (fields: string[]) => {
      row += 1
      const line = read(fields)
      if (line !== undefined) lines.push({ ...checked(line), row })
      return undefined
    },
  })
  // One batch is stored while the next one is read.
  let stored: Promise<void> = Promise.resolve()
  const flush = async () => {
    await stored
    stored = take(lines)
    stored.catch(() => undefined)
    lines = []
  }
  try {
    await write(parser, path, async () => {
      if (lines.length >= batchLinesMin) await flush()
    })
  } catch (error) {
    await stored
    throw withRow(error, row)
  }
  if (row === 0) throw new SettlementFileError('the file is empty')
  await flush()
  await stored
  return row
}

/** Writes the file into the parser, a chunk at a time. @param onChunk is awaited after each */
async function write(parser: Parser, path: string, onChunk: () => Promise<void>): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    parser.once('end', resolve)
    parser.once('error', reject)
  })
  // It may fail before anyone waits for it.
  ended.catch(() => undefined)
  parser.resume()
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    await new Promise<void>((resolve, reject) => {
      parser.write(chunk, error => (error == null ? resolve() : reject(error)))
    })
    await onChunk()
  }
  parser.end()
  await ended
}

function checked(line: SettlementLine): SettlementLine {
  if (line.lineId === '') throw new SettlementFileError('the line has no id')
  const ids = [line.lineId, line.paymentRef, line.operationRef, line.ownRef, line.payout]
  if (ids.some(id => id !== undefined && (id.length > idCharactersMax || id.includes('\0')))) {
    throw new SettlementFileError(`an id has more than ${idCharactersMax} characters, or one that no id has`)
  }
  if (line.kind !== 'payment' && line.kind !== 'refund' && line.kind !== 'dispute') return line
  // Only a line that names a payment can be compared.
  return (line.paymentRef ?? line.operationRef ?? line.ownRef) ? line : { ...line, kind: 'other' }
}

function withRow(error: unknown, row: number): unknown {
  if (error instanceof SettlementFileError) return new SettlementFileError(`row ${row}: ${error.message}`)
  // The parser has failed at the row behind those that it has handed on.
  if (error instanceof CsvError) return new SettlementFileError(`row ${row + 1}: ${error.message}`)
  return error
}
