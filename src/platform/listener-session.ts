import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, escapeIdentifier } from 'pg'
import { clientConfig, openSession, type PostgresAddress } from './postgres.ts'

/** A notification that was committed and has not come back for so long will not come any more. */
const silenceMaxMs = 2_000

/** What is in the socket when a process goes on after a pause is read first. */
const graceMs = 100

/** How long a server may take to end a session in good order. */
const endDeadlineMs = 1_000

/** The channel of the notifications that prove a session; instances share it, and each heeds its own. */
const proofChannel = 'listener_proof'

/** A session takes LISTEN and hears nothing. */
export class SilentSessionError extends Error {
  override readonly name = 'SilentSessionError'

  constructor() {
    super(
      'a notification of its own did not come back: a pooler between may pool by transaction, and LISTEN needs a session',
    )
  }
}

/**
 * One session of a listener, until it breaks.
 *
 * It only waits: it sends nothing to the server after LISTEN. A pooler would lend it a connection of the server for anything that
 * it asked, and on that what was notified might arrive by chance.
 */
export class ListenerSession {
  readonly proofChannel = proofChannel
  isProven = false
  readonly #client: Client
  readonly #channels: readonly string[]
  /** Why it is of no use any more. */
  #error: Error | undefined
  readonly #waiting = new Set<(error: Error) => void>()
  #lastHeard = ''
  #onHeard: () => void = () => undefined

  constructor(options: {
    address: PostgresAddress
    channels: readonly string[]
    onNotify: (channel: string, message: string) => void
  }) {
    this.#client = new Client(clientConfig(options.address, 'orders listener'))
    this.#channels = options.channels
    this.#client.on('error', error => this.break(error))
    this.#client.on('end', () => this.break(new Error('the connection was closed')))
    this.#client.on('notification', ({ channel, payload = '' }) => {
      if (channel !== proofChannel) return options.onNotify(channel, payload)
      this.#lastHeard = payload
      this.#onHeard()
    })
  }

  /** Connects and listens. @throws the connection's error */
  async open(): Promise<void> {
    const listen = [...this.#channels, proofChannel].map(channel => `listen ${escapeIdentifier(channel)}`)
    await this.unlessBroken(openSession(this.#client))
    await this.unlessBroken(this.#client.query(listen.join('; ')))
  }

  /** Ends whatever is waited for now and later. */
  break(error: Error): void {
    this.#error ??= error
    for (const fail of this.#waiting) fail(this.#error)
  }

  /** Settles as `result` does, or as soon as the session is broken. A race with one long promise would keep all of its losers. */
  async unlessBroken<Result>(result: Promise<Result>): Promise<Result> {
    const { promise: broken, reject: fail } = Promise.withResolvers<never>()
    this.#waiting.add(fail)
    if (this.#error !== undefined) fail(this.#error)
    try {
      return await Promise.race([result, broken])
    } finally {
      this.#waiting.delete(fail)
    }
  }

  /** Resolves when a proof that was committed is heard. @throws SilentSessionError when it is not; the connection's error */
  async hears(message: string): Promise<void> {
    const isHeard = () => this.#lastHeard === message
    const waiting = new AbortController()
    const heard = new Promise<void>(resolve => {
      this.#onHeard = () => {
        if (isHeard()) resolve()
      }
      this.#onHeard()
    })
    const expiry = async () => {
      const { signal } = waiting
      await sleep(silenceMaxMs, undefined, { signal })
      await sleep(graceMs, undefined, { signal })
    }
    try {
      await this.unlessBroken(Promise.race([heard, expiry().catch(() => undefined)]))
    } finally {
      waiting.abort()
    }
    if (!isHeard()) throw new SilentSessionError()
  }

  /** Ends the connection, also one whose other side does not answer any more. */
  async close(): Promise<void> {
    const { stream } = (this.#client as unknown as { connection: { stream: Socket } }).connection
    await Promise.race([this.#client.end(), sleep(endDeadlineMs, undefined, { ref: false })]).catch(() => undefined)
    stream.destroy()
  }
}
