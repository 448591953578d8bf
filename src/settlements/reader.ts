import { open } from 'node:fs/promises'
import { CsvDecoder, CsvError, CsvSplitter } from '../platform/csv.ts'
import type { SettlementFormat } from './format.ts'
import { isOfPayment, SettlementFileError, type SettlementLine } from './settlement.ts'

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
/** A row is a few hundred. */
const rowCharactersMax = 65_536
const chunkBytes = 262_144

/**
 * Reads a settlement file as a stream, some thousand lines in memory at a time.
 *
 * @param take stores lines; a second batch is read meanwhile, and no third
 * @param batchLinesMin how many lines make a batch; a batch has up to a chunk of the file more
 * @param onBytes is called with every chunk of the file, in order
 * @returns how many rows there are
 * @throws SettlementFileError for the first row that is not what it must be, with its number; the error of the file system
 */
export async function readSettlements(
  { path, format, separator = format.separator, decimal = format.decimal }: SettlementFile,
  take: (lines: readonly NumberedLine[]) => Promise<void>,
  batchLinesMin: number,
  onBytes: (chunk: Uint8Array) => void = () => undefined,
): Promise<number> {
  const reader = format.begin(decimal)
  let lines: NumberedLine[] = []
  let row = 0
  // Looked for once in a chunk, and not in each id.
  let mayHaveNul = false
  const splitter = new CsvSplitter(
    { separator, isUneven: format.isUneven, charactersMax: rowCharactersMax },
    record => {
      row += 1
      const line = reader.read(record)
      if (line !== undefined) lines.push(numbered(checked(line, mayHaveNul), row))
    },
  )
  // One batch is stored while the next one is read.
  let stored: Promise<void> = Promise.resolve()
  const flush = async () => {
    await stored
    stored = take(lines)
    stored.catch(() => undefined)
    lines = []
  }
  try {
    for await (const text of textOf(path, onBytes)) {
      mayHaveNul ||= text.includes('\0')
      splitter.write(text)
      if (lines.length >= batchLinesMin) await flush()
    }
    splitter.end()
    if (row > 0) reader.end()
  } catch (error) {
    await stored
    throw withRow(error, row)
  }
  if (row === 0) throw new SettlementFileError('the file is empty')
  await flush()
  await stored
  return row
}

const lineFeed = '\n'.charCodeAt(0)

/**
 * Reads a file as text, in pieces that end with a line where there is one. All are read into one buffer: a new one for each, and putting
 * pieces of lines together, would leave twice the file as garbage.
 */
async function* textOf(path: string, onBytes: (chunk: Uint8Array) => void): AsyncGenerator<string> {
  const decoder = new CsvDecoder()
  const buffer = Buffer.allocUnsafeSlow(chunkBytes)
  const file = await open(path)
  try {
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, null)
      const end = kept + bytesRead
      if (bytesRead === 0) {
        yield decoder.decode(buffer.subarray(0, end)) + decoder.decode()
        return
      }
      onBytes(buffer.subarray(kept, end))
      const lineEnd = buffer.lastIndexOf(lineFeed, end - 1) + 1
      const last = lineEnd === 0 ? end : lineEnd
      yield decoder.decode(buffer.subarray(0, last))
      buffer.copyWithin(0, last, end)
      kept = end - last
    }
  } finally {
    await file.close()
  }
}

function checked(line: SettlementLine, mayHaveNul: boolean): SettlementLine {
  if (line.lineId === '') throw new SettlementFileError('the line has no id')
  const { lineId, paymentRef, operationRef, ownRef, payout } = line
  const isId = mayHaveNul ? isShortWithoutNul : isShort
  if (!isId(lineId) || !isId(paymentRef) || !isId(operationRef) || !isId(ownRef) || !isId(payout)) {
    throw new SettlementFileError(`an id has more than ${idCharactersMax} characters, or one that no id has`)
  }
  if (!isOfPayment(line.kind)) return line
  // Only a line that names a payment can be compared.
  return (paymentRef ?? operationRef ?? ownRef) ? line : { ...line, kind: 'other' }
}

function isShort(id: string | undefined): boolean {
  return id === undefined || id.length <= idCharactersMax
}

function isShortWithoutNul(id: string | undefined): boolean {
  return id === undefined || (isShort(id) && !id.includes('\0'))
}

/** Writes the number into the line, which nobody else has: a copy of each costs a tenth of the time. */
function numbered(line: SettlementLine & { row?: number }, row: number): NumberedLine {
  line.row = row
  return line as NumberedLine
}

function withRow(error: unknown, row: number): unknown {
  if (error instanceof SettlementFileError) return new SettlementFileError(`row ${row}: ${error.message}`)
  // The splitter has failed at the row behind those that it has handed on.
  if (error instanceof CsvError) return new SettlementFileError(`row ${row + 1}: ${error.message}`)
  return error
}
