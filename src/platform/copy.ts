import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { PoolClient } from './postgres.ts'

/** How much of a COPY is made ready at a time: what fits the processor's cache and the socket's buffer. */
const chunkBytes = 64 * 1024

/** The longest form of a character of a JavaScript string (UTF-16) in UTF-8. */
const bytesACharacter = 3

/** Takes the text of rows, in pieces, and makes it bytes at once: joining large texts first would copy them twice. */
export class RowWriter {
  #bytes = Buffer.allocUnsafeSlow(2 * chunkBytes)
  #end = 0
  #full: Buffer[] = []

  /** Appends a piece of a row; fields end with a tab, rows with a newline. */
  write(text: string): void {
    const longest = text.length * bytesACharacter
    if (this.#end + longest > this.#bytes.length) this.#startChunk(longest)
    this.#end += this.#bytes.write(text, this.#end)
  }

  /** The chunks that are ready to be sent. @param isLast whether the one that was begun is among them */
  take(isLast: boolean): Buffer[] {
    if (this.#end > 0 && (isLast || this.#end >= chunkBytes)) this.#startChunk(0)
    return this.#full.splice(0)
  }

  #startChunk(bytesMin: number): void {
    if (this.#end > 0) this.#full.push(this.#bytes.subarray(0, this.#end))
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(2 * chunkBytes, bytesMin))
    this.#end = 0
  }
}

/**
 * Writes rows by COPY. Rows are made while the server takes those before them.
 *
 * @param statement `copy table (columns) from stdin`
 * @param writeRow writes a line of tab-separated fields, each field escaped by `copyText`
 */
export async function copyIn<Row>(
  client: PoolClient,
  statement: string,
  rows: readonly Row[],
  writeRow: (row: Row, writer: RowWriter) => void,
): Promise<void> {
  const stream = client.query(copyFrom(statement))
  const ended = finished(stream)
  ended.catch(() => undefined)
  const writer = new RowWriter()
  for (const row of rows) {
    writeRow(row, writer)
    for (const chunk of writer.take(false)) {
      if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), ended])
    }
  }
  for (const chunk of writer.take(true)) stream.write(chunk)
  stream.end()
  await ended
}

/** A text as a field of COPY's text format: the format's own four characters are escaped. */
export function copyText(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, character => copyEscapes[character] ?? character) : text
}

const copyEscapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
