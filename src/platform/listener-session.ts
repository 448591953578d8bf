import type { Socket } from 'node:net'
import { Client, escapeIdentifier } from 'pg'
import { settledWithin } from './deadline.ts'
import { clientConfig, openSession, type PostgresAddress } from './postgres.ts'

/** A committed notification that has not come back after this will not come any more. */
const silenceMaxMs = 2_000

/** How long closing a session may take. */
const endDeadlineMs = 1_000

/** The channel of the notifications that prove a session; instances share it, and each ignores those of others. */
const proofChannel = 'listener_proof'

/** A notification of its own that is under way. */
type Proof = { sentAtMs: number; committedAtMs: number | undefined; isLate: boolean }

/** A session accepts LISTEN and receives nothing. */
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
 * It only receives: it sends nothing after LISTEN. For any statement a pooler would lend it a server connection, on which
 * notifications might arrive by chance.
 */
export class ListenerSession {
  readonly #client: Client
  readonly #channels: readonly string[]
  /** Why it is broken. */
  #error: Error | undefined
  readonly #waiting = new Set<(error: Error) => void>()
  readonly #expected = new Map<string, Proof>()
  readonly #onProof: (sentAtMs: number) => void

  constructor(options: {
    address: PostgresAddress
    channels: readonly string[]
    onNotify: (channel: string, message: string) => void
    /** Called when a proof is back, with the time when it was sent. */
    onProof: (sentAtMs: number) => void
  }) {
    this.#onProof = options.onProof
    this.#client = new Client(clientConfig(options.address, 'orders listener'))
    this.#channels = options.channels
    this.#client.on('error', error => this.break(error))
    this.#client.on('end', () => this.break(new Error('the connection was closed')))
    this.#client.on('notification', ({ channel, payload = '' }) => {
      if (channel === proofChannel) this.#hear(payload)
      else options.onNotify(channel, payload)
    })
  }

  /** Connects and listens. @throws the connection's error */
  async open(): Promise<void> {
    const listen = [...this.#channels, proofChannel].map(channel => `listen ${escapeIdentifier(channel)}`)
    await this.unlessBroken(openSession(this.#client))
    await this.unlessBroken(this.#client.query(listen.join('; ')))
  }

  /** Fails everything that waits on it, now and later. */
  break(error: Error): void {
    this.#error ??= error
    for (const fail of this.#waiting) fail(this.#error)
  }

  /** Settles as `result` does, or rejects as soon as the session is broken. (Racing one long-lived promise would leak.) */
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

  /** How many proofs are under way. */
  get expected(): number {
    return this.#expected.size
  }

  /** Sends a proof by another session, and expects it here. @throws what sending it throws */
  async expect(message: string, send: (channel: string, message: string) => Promise<unknown>): Promise<void> {
    const proof: Proof = { sentAtMs: performance.now(), committedAtMs: undefined, isLate: false }
    this.#expected.set(message, proof)
    try {
      await send(proofChannel, message)
      proof.committedAtMs = performance.now()
    } catch (error) {
      this.#expected.delete(message)
      throw error
    }
  }

  /**
   * Call it from time to time. A proof that is late for the first time may still be in the socket: a process that was paused has
   * not read it yet.
   *
   * @throws SilentSessionError when a proof that was committed does not come
   */
  checkSilence(): void {
    for (const proof of this.#expected.values()) {
      if (proof.committedAtMs === undefined || performance.now() - proof.committedAtMs < silenceMaxMs) continue
      if (proof.isLate) throw new SilentSessionError()
      proof.isLate = true
    }
  }

  #hear(message: string): void {
    const proof = this.#expected.get(message)
    if (proof === undefined) return
    this.#expected.delete(message)
    this.#onProof(proof.sentAtMs)
  }

  /** Closes the connection, even if the other side no longer answers. */
  async close(): Promise<void> {
    const { stream } = (this.#client as unknown as { connection: { stream: Socket } }).connection
    await settledWithin(this.#client.end(), endDeadlineMs).catch(() => undefined)
    stream.destroy()
  }
}
