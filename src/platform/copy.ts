import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { PoolClient } from './postgres.ts'

/** Rows for one table, to be written by COPY. */
export type Copy = {
  /** `copy table (columns) from stdin` */
  statement: string
  /** Writes every row: a line of tab-separated fields, each field escaped by `copyText`. */
  rows: Iterable<(writer: RowWriter) => void>
}

/** How much of a COPY is made ready at a time: what fits the processor's cache and the socket's buffer. */
const chunkBytes = 64 * 1024

/** The longest form of a character of a JavaScript string (UTF-16) in UTF-8. */
const bytesACharacter = 3

/** Messages of PostgreSQL's protocol: a letter, and the length of the rest with itself. */
const headerBytes = 5
const copyData = 'd'.charCodeAt(0)
const copyDone = Buffer.from([...Buffer.from('c'), 0, 0, 0, 4])

/** Takes the text of rows, in pieces, and makes it messages at once: joining large texts first would copy them twice. */
export class RowWriter {
  #bytes = Buffer.allocUnsafeSlow(2 * chunkBytes)
  #end = headerBytes
  #full: Buffer[] = []

  /** Appends a piece of a row; fields end with a tab, rows with a newline. */
  write(text: string): void {
    const longest = text.length * bytesACharacter
    if (this.#end + longest > this.#bytes.length) this.#startChunk(longest)
    this.#end += this.#bytes.write(text, this.#end)
  }

  /** The messages that are ready to be sent. @param isLast whether the one that was begun is among them */
  take(isLast: boolean): Buffer[] {
    if (isLast || this.#end >= chunkBytes) this.#startChunk(0)
    return this.#full.splice(0)
  }

  #startChunk(bytesMin: number): void {
    if (this.#end > headerBytes) {
      this.#bytes[0] = copyData
      this.#bytes.writeUInt32BE(this.#end - 1, 1)
      this.#full.push(this.#bytes.subarray(0, this.#end))
    }
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(2 * chunkBytes, bytesMin + headerBytes))
    this.#end = headerBytes
  }
}

/** What is used of the driver's connection. */
type Connection = { stream: Socket; query(text: string): void }

/**
 * Several COPYs and a statement in one message, which PostgreSQL runs as one transaction, with their rows sent behind it
 * unasked: one round trip, where a COPY at a time needs two each, and begin and commit two more. While hundreds of requests
 * keep the event loop busy each round trip costs milliseconds: with one instead of ten POST takes a third more.
 *
 * The driver hands it the server's answers (its interface for queries of other packages, as pg-copy-streams uses it). After an
 * error nothing more is sent, and the server passes over what was sent already.
 */
class CopyTransaction {
  readonly done: Promise<void>
  readonly #copies: readonly Copy[]
  readonly #last: string
  #isOver = false
  #settle: (error?: Error) => void = () => undefined

  constructor(copies: readonly Copy[], last: string) {
    this.#copies = copies
    this.#last = last
    this.done = new Promise((resolve, reject) => {
      this.#settle = error => {
        this.#isOver = true
        this.callback()
        if (error === undefined) resolve()
        else reject(error)
      }
    })
  }

  /** The driver puts its own here, which ends its timer. */
  callback(): void {}

  submit(connection: Connection): void {
    connection.query([...this.#copies.map(copy => copy.statement), this.#last].join(';\n'))
    this.#send(connection.stream).catch(error => this.#settle(error))
  }

  async #send(socket: Socket): Promise<void> {
    for (const { rows } of this.#copies) {
      const writer = new RowWriter()
      for (const writeRow of rows) {
        writeRow(writer)
        for (const message of writer.take(false)) if (!(await this.#sendMessage(socket, message))) return
      }
      for (const message of writer.take(true)) if (!(await this.#sendMessage(socket, message))) return
      if (!(await this.#sendMessage(socket, copyDone))) return
    }
  }

  /** @returns whether there is any use in sending more */
  async #sendMessage(socket: Socket, message: Buffer): Promise<boolean> {
    if (this.#isOver) return false
    if (!socket.write(message)) await Promise.race([once(socket, 'drain'), this.done])
    return !this.#isOver
  }

  handleError(error: Error): void {
    this.#settle(error)
  }

  handleReadyForQuery(): void {
    this.#settle()
  }

  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
}

/**
 * Writes rows into several tables, all or none.
 *
 * @param last a statement that runs in the same transaction behind the rows
 * @throws the database's error; the connection's when it is lost, and then it is not known whether the rows are there
 */
export function copyInto(client: PoolClient, copies: readonly Copy[], last: string): Promise<void> {
  const transaction = new CopyTransaction(copies, last)
  client.query(transaction as unknown as Parameters<typeof client.query>[0] & { submit: never })
  return transaction.done
}

/** A text as a field of COPY's text format: the format's own four characters are escaped. */
export function copyText(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, character => copyEscapes[character] ?? character) : text
}

/** What stands for null in COPY's text format. */
export const copyNull = '\\N'

const copyEscapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
