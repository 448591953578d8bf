import type { Socket } from 'node:net'
import { Query, type QueryConfig } from 'pg'
import type { OneConnection } from './postgres.ts'

/** A statement that is sent with others, and what is read from its answer. */
export type Statement<Result> = Readonly<{
  text: string
  values?: readonly unknown[]
  /** @throws Error when the answer is not what the caller needs */
  read: (answer: Answer) => Result
}>

/** The rows are as the statement names their columns: its author says which they are. */
export type Answer = Readonly<{ rows: readonly never[]; rowCount: number | null }>

/** A statement whose answer nobody reads: the server is not asked to describe it. */
export function command(text: string, values: readonly unknown[] = []): Statement<undefined> {
  return { text, values, read: unread }
}

const unread = () => undefined

/**
 * A query whose rows come as one JSON text, which both sides handle faster than hundreds of rows of many columns.
 *
 * @param query its columns are texts, numbers that JavaScript has, booleans or null
 */
export function rowsAsJson<Row>(query: string, values: readonly unknown[]): Statement<readonly Row[]> {
  return {
    text: `select json_agg(r) as rows from (${query}) r`,
    values,
    read: ({ rows }: { rows: readonly { rows: readonly Row[] | null }[] }) => rows[0]?.rows ?? [],
  }
}

type Results<Statements> = { -readonly [Index in keyof Statements]: ResultOf<Statements[Index]> }
type ResultOf<One> = One extends Statement<infer Result> ? Result : never

/**
 * Runs statements one after another in one round trip: each sees what those before it have done, and what others have committed until
 * its turn. While requests keep the event loop busy a round trip costs as much as several short statements.
 *
 * Outside of a transaction block they are one transaction. When one of them fails, those behind it are skipped.
 *
 * @returns what was read from each answer
 * @throws the database's error, the connection's, or that of `read`
 */
export async function inOneRoundTrip<const Statements extends readonly Statement<unknown>[]>(
  client: OneConnection,
  statements: Statements,
): Promise<Results<Statements>> {
  if (statements.length === 0) return [] as unknown as Results<Statements>
  const trip = new RoundTrip(statements)
  client.query(trip as unknown as Parameters<typeof client.query>[0] & { submit: never })
  const answers = await trip.done
  return statements.map(({ read }, index) => read(answers[index] as Answer)) as Results<Statements>
}

/** The parts of the driver's connection and of its queries that are used. */
export type Connection = { stream: Socket; sync(): void }
type Part = {
  submit(connection: Connection): Error | null
  handleRowDescription(message: unknown): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, connection: Connection): void
  handleReadyForQuery(connection: Connection): void
}

/**
 * The driver passes it the server's messages, as it passes them to a query of other packages such as pg-cursor. Each part is a query of
 * the driver that is sent without the message which ends it; one such message ends all of them.
 */
export class RoundTrip {
  readonly done: Promise<readonly Answer[]>
  /** Is called when all of it has been sent, and may send what comes behind it. */
  onSent: (connection: Connection) => void = () => undefined
  readonly #parts: readonly Part[]
  readonly #isRead: readonly boolean[]
  readonly #answers: Answer[] = []
  #current = 0
  #isSent = false
  #isOver = false
  #settle: (error?: Error) => void = () => undefined

  constructor(statements: readonly Statement<unknown>[]) {
    this.#isRead = statements.map(({ read }) => read !== unread)
    this.#parts = statements.map(({ text, values = [] }, index) => {
      const config: QueryConfig & { queryMode: 'extended' } = { text, values: [...values], queryMode: 'extended' }
      const query = new Query(config, undefined, (error, result) => {
        if (error == null) this.#answers[index] = result as unknown as Answer
        else this.#settle(error)
      })
      return query as unknown as Part
    })
    this.done = new Promise((resolve, reject) => {
      this.#settle = error => {
        this.#isOver = true
        this.callback()
        if (error === undefined) resolve(this.#answers)
        else reject(error)
      }
    })
  }

  /** Set by the driver, to end its timer. */
  callback(): void {}

  /** Sends it, unless it was sent ahead: behind a query whose answer comes before its own. */
  submit(connection: Connection): Error | null {
    if (this.#isSent) return null
    this.#isSent = true
    const { stream } = connection
    const collected = new Messages()
    const read: Connection = Object.create(connection, { sync: nothing, stream: { value: collected } })
    const undescribed: Connection = Object.create(read, { describe: nothing })
    try {
      for (const [index, part] of this.#parts.entries()) {
        const refusal = part.submit(this.#isRead[index] === true ? read : undescribed)
        if (refusal !== null) throw refusal
      }
    } catch (error) {
      this.#settle(error as Error)
    } finally {
      stream.cork()
      if (stream.writable) stream.write(collected.all())
      connection.sync()
      if (!this.#isOver) this.onSent(connection)
      stream.uncork()
    }
    return null
  }

  handleRowDescription(message: unknown): void {
    this.#parts[this.#current]?.handleRowDescription(message)
  }
  handleDataRow(message: unknown): void {
    if (this.#isRead[this.#current] === true) this.#parts[this.#current]?.handleDataRow(message)
  }
  handleCommandComplete(message: unknown, connection: Connection): void {
    this.#parts[this.#current]?.handleCommandComplete(message, connection)
    this.#current += 1
  }
  handleEmptyQuery(): void {
    this.#current += 1
  }
  handleError(error: Error): void {
    this.#settle(error)
  }
  handleReadyForQuery(connection: Connection): void {
    for (const part of this.#parts) part.handleReadyForQuery(connection)
    this.#settle()
  }
}

const nothing = { value: () => undefined }

/** Takes the place of the socket: the driver writes each message by itself, and a socket takes longer for one than making it. */
class Messages {
  readonly writable = true
  readonly #messages: Buffer[] = []

  write(message: Buffer): boolean {
    this.#messages.push(message)
    return true
  }

  cork(): void {}
  uncork(): void {}

  all(): Buffer {
    return Buffer.concat(this.#messages)
  }
}
