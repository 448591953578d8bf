import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { PoolClient } from './postgres.ts'
import { RowWriter, reuse } from './row-writer.ts'

/** Rows for one table, to be written by COPY in its binary format: neither side spends time on escapes and on numbers as text. */
export type Copy = {
  /** `copy table (columns) from stdin (format binary)` */
  statement: string
  /** How often `write` is to be called. */
  items: number
  /** Writes the rows of an item, none or several, each begun by `row`. */
  write(item: number, writer: RowWriter): void
}

/**
 * Rows for a table.
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

/** What is used of the driver's connection. */
type Connection = { stream: Socket }

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
    this.#send(connection.stream).catch(error => this.#settle(error))
  }

  async #send(socket: Socket): Promise<void> {
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
  }

  /** @returns whether there is any use in sending more */
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
 * @param last a statement that runs in the same transaction behind the rows, and returns none
 * @throws the database's error; the connection's when it is lost, and then it is not known whether the rows are there
 */
export function copyInto(client: PoolClient, copies: readonly Copy[], last: string): Promise<void> {
  const transaction = new CopyTransaction(copies, last)
  client.query(transaction as unknown as Parameters<typeof client.query>[0] & { submit: never })
  return transaction.done
}
