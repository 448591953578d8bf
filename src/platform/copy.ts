import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { OneConnection } from './postgres.ts'
import type { Connection } from './round-trip.ts'
import { RowWriter, reuse } from './row-writer.ts'

/** Rows for one table, written by COPY in binary format: neither side spends time on escapes or on numbers as text. */
export type Copy = {
  /** `copy table (columns) from stdin (format binary)` */
  statement: string
  /** How often to call `write`. */
  items: number
  /** Writes the rows of an item, none or several, each begun by `row`. */
  write(item: number, writer: RowWriter): void
}

/**
 * Describes rows for a table.
 *
 * @param columns their names, in the order in which `write` writes the fields
 * @param write writes the rows that one of the items stands for
 */
export function copyOf<Item>(
  table: string,
  columns: string,
  items: readonly Item[],
  write: (item: Item, writer: RowWriter) => void,
): Copy {
  return {
    statement: `copy ${table} (${columns}) from stdin (format binary)`,
    items: items.length,
    write: (item, writer) => write(items[item] as Item, writer),
  }
}

/** A column of a table, and how it is written in the row of an item. */
export type Column<Item> = { name: string; write: (item: Item, writer: RowWriter) => void }

/** Makes a function that copies items into a table, a row each. The statement is made once. */
export function copierOf<Item>(table: string, columns: readonly Column<Item>[]): (items: readonly Item[]) => Copy {
  const names = columns.map(({ name }) => name).join(', ')
  const writeRow = (item: Item, writer: RowWriter) => {
    writer.row(columns.length)
    for (const column of columns) column.write(item, writer)
  }
  return items => copyOf(table, names, items, writeRow)
}

/**
 * Sends several COPYs and a statement in one message, which PostgreSQL runs as one transaction, and their rows right after it: one
 * round trip, where separate COPYs need two each, and begin and commit two more. While hundreds of requests keep the event loop busy
 * a round trip costs milliseconds: one instead of ten raises the rate of POST by a third.
 *
 * The driver passes it the server's messages (its interface for queries of other packages, which pg-copy-streams uses too). After an
 * error nothing more is sent, and the server skips what was sent already.
 */
export class CopyTransaction {
  readonly done: Promise<void>
  /** Is called when all of it has been sent, and may send what comes behind it. */
  onSent: (connection: Connection) => void = () => undefined
  readonly #copies: readonly Copy[]
  readonly #last: string
  #isSent = false
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

  /** Set by the driver, to end its timer. */
  callback(): void {}

  /** Sends it, unless it was sent ahead: behind a query whose answer comes before its own. */
  submit(connection: Connection): void {
    if (this.#isSent) return
    this.#isSent = true
    this.#send(connection).catch(error => this.#settle(error))
  }

  async #send(connection: Connection): Promise<void> {
    const { stream: socket } = connection
    const writer = new RowWriter()
    writer.query([...this.#copies.map(copy => copy.statement), this.#last].join(';\n'))
    for (const { items, write } of this.#copies) {
      writer.begin()
      for (let item = 0; item < items; item++) {
        write(item, writer)
        for (const piece of writer.take()) if (!(await this.#sendPiece(socket, piece))) return
      }
      writer.end()
    }
    for (const piece of writer.takeLast()) if (!(await this.#sendPiece(socket, piece))) return
    this.onSent(connection)
  }

  /** @returns whether to send more */
  async #sendPiece(socket: Socket, piece: Buffer): Promise<boolean> {
    if (this.#isOver) return false
    const isRoom = socket.write(piece, error => {
      if (error == null) reuse(piece)
    })
    if (!isRoom) await Promise.race([once(socket, 'drain'), this.done])
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
 * @param last a statement that runs in the same transaction after the rows, and returns none; the empty text for none
 * @throws the database's error; the connection's when it is lost, and then it is not known whether the rows are there
 */
export function copyInto(client: OneConnection, copies: readonly Copy[], last: string): Promise<void> {
  const transaction = new CopyTransaction(copies, last)
  client.query(transaction as unknown as Parameters<typeof client.query>[0] & { submit: never })
  return transaction.done
}
