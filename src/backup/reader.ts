import { portionsOf } from '../platform/ndjson.ts'
import { type ExportLine, readLine } from './format.ts'

/** Why an export is not imported, in a sentence. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}

/** A row may hold a Kafka message in hexadecimal digits, and its JSON line is longer still. */
const bounds = { linesMax: 1_000, bytesMax: 1024 * 1024, lineBytesMax: 64 * 1024 * 1024 }

/** Reads the lines of an export one by one, with a portion of them in memory. */
export class ExportReader {
  readonly #portions: AsyncGenerator<Uint8Array[]>
  #portion: Uint8Array[] = []
  #index = 0
  #line = 0
  #peeked: ExportLine | undefined

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#portions = portionsOf(source, bounds, () => this.wrong(`is longer than ${bounds.lineBytesMax} bytes`))
  }

  /** The line that `next` returns; undefined after the last one. */
  async peek(): Promise<ExportLine | undefined> {
    if (this.#peeked !== undefined) return this.#peeked
    for (;;) {
      const bytes = this.#portion[this.#index++]
      if (bytes === undefined) {
        const { done, value } = await this.#portions.next()
        if (done) return undefined
        this.#portion = value
        this.#index = 0
        continue
      }
      this.#line += 1
      if (bytes.byteLength === 0) continue
      this.#peeked = readLine(decode(bytes) ?? '')
      if (this.#peeked === undefined) throw this.wrong('is not one of an export')
      return this.#peeked
    }
  }

  async next(): Promise<ExportLine | undefined> {
    const line = await this.peek()
    this.#peeked = undefined
    return line
  }

  /** @param what is wrong with the line that was looked at last */
  wrong(what: string): ImportError {
    return new ImportError(`line ${this.#line} ${what}`)
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
