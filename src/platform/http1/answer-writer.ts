import { STATUS_CODES } from 'node:http'
import type { Socket } from 'bun'
import { AppError } from '../../errors.ts'
import { BytesResponse } from '../bytes-response.ts'
import { memoryBudget } from '../memory-budget.ts'
import { pageWasMade } from '../page-garbage.ts'

/** How an answer is sent. */
export type Framing = {
  isHead: boolean
  isHttp11: boolean
  /** Asked when the head is sent: whether the connection may be used again. */
  mayKeep(): boolean
}

/** Larger answers are written in two pieces, which costs less than to copy them. */
const copiedBytesMax = 64 * 1024
/** Larger pieces of a stream are not copied: many connections may wait for their receivers with the same bytes. */
const copiedChunkBytesMax = 16 * 1024
/** What is sent is put together here. The kernel copies it; what it does not take is copied out. */
const scratch = Buffer.allocUnsafe(copiedBytesMax + 16 * 1024)

/** Answers of this size and less are begun without asking whether the memory budget has room for them. */
const smallBytesMax = 64 * 1024

/** There is no room for an answer that its receiver may not take at once. Nothing of it was sent. */
export class AnswerRefusedError extends AppError {
  constructor() {
    super('OVERLOADED', 'too many answers wait for their receivers')
  }
}

/** The connection ended while an answer was on its way. */
export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError'
}

/** Writes answers to a socket, and takes no more of a stream than the receiver takes. */
export class AnswerWriter {
  readonly #socket: Socket<unknown>
  readonly #onStalled: (isStalled: boolean) => void
  #unsent: Uint8Array | undefined
  /** What a whole answer that waits for its receiver takes of the memory budget. */
  #heldBytes = 0
  #reader: { cancel(): Promise<void> } | undefined
  #drained: PromiseWithResolvers<void> | undefined
  #isClosed = false

  /** @param onStalled hears when the receiver takes nothing for now, and when it has taken something again */
  constructor(socket: Socket<unknown>, onStalled: (isStalled: boolean) => void) {
    this.#socket = socket
    this.#onStalled = onStalled
  }

  /**
   * Sends an answer. Synchronous where the bytes are there and the socket takes them.
   *
   * @returns whether the connection may be used again
   * @throws AnswerRefusedError; ConnectionClosedError, or what the answer's stream throws: the answer is incomplete then, and the
   *   connection must be closed
   */
  send(response: Response, framing: Framing): boolean | Promise<boolean> {
    if (response instanceof BytesResponse) {
      const content = framing.isHead ? nothing : response.content
      requireRoomFor(content)
      const isKept = framing.mayKeep()
      const head = headText(response, framing, isKept, response.content.byteLength)
      const isSent = this.#sendWhole(head, content)
      return isSent ? isKept : this.#taken().then(() => isKept)
    }
    if (response.body === null || framing.isHead) return this.#sendEmpty(response, framing)
    const isWhole = response.headers.get('content-type')?.startsWith('application/json') === true
    return isWhole ? this.#sendBody(response, framing) : this.#stream(response.body, response, framing)
  }

  /** Sends bytes between answers. */
  sendInterim(text: string): void {
    this.#writeWhole(text, nothing)
  }

  /** The socket takes bytes again. */
  drain(): void {
    const unsent = this.#unsent
    if (unsent === undefined) return
    const written = this.#socket.write(unsent)
    if (written <= 0) return
    this.#unsent = written < unsent.byteLength ? unsent.subarray(written) : undefined
    this.#onStalled(this.#unsent !== undefined)
    if (this.#unsent !== undefined) return
    this.#releaseHeld()
    const drained = this.#drained
    this.#drained = undefined
    drained?.resolve()
  }

  close(): void {
    this.#isClosed = true
    this.#unsent = undefined
    this.#releaseHeld()
    // A stream that nobody follows any more need not find out by its next event.
    this.#reader?.cancel().catch(() => undefined)
    this.#drained?.reject(new ConnectionClosedError())
    this.#drained = undefined
  }

  #sendEmpty(response: Response, framing: Framing): boolean | Promise<boolean> {
    const isKept = framing.mayKeep()
    const isSent = this.#writeWhole(headText(response, framing, isKept, 0), nothing)
    return isSent ? isKept : this.#taken().then(() => isKept)
  }

  /** An answer whose bytes are there, in a body that would give them out a few at a time. */
  async #sendBody(response: Response, framing: Framing): Promise<boolean> {
    const content = new Uint8Array(await response.arrayBuffer())
    pageWasMade(content.byteLength)
    requireRoomFor(content)
    const isKept = framing.mayKeep()
    if (!this.#sendWhole(headText(response, framing, isKept, content.byteLength), content)) await this.#taken()
    return isKept
  }

  async #stream(body: ReadableStream<Uint8Array>, response: Response, framing: Framing): Promise<boolean> {
    const reader = body.getReader()
    this.#reader = reader
    try {
      const first = await reader.read()
      const following = first.done ? undefined : reader.read()
      const whole = following === undefined ? nothing : await orLater(following, first.value ?? nothing)
      if (whole !== undefined) requireRoomFor(whole)
      const isKept = framing.mayKeep() && (whole !== undefined || framing.isHttp11)
      if (whole !== undefined) {
        if (!this.#sendWhole(headText(response, framing, isKept, whole.byteLength), whole)) await this.#taken()
        return isKept
      }
      await this.#write(headText(response, framing, isKept, undefined), nothing)
      // Without chunks (HTTP/1.0) the end of the connection is the end of the answer.
      const send = framing.isHttp11
        ? (bytes: Uint8Array) => this.#writeChunk(bytes)
        : (bytes: Uint8Array) => this.#write('', bytes)
      await send(first.value ?? nothing)
      for (let next = await following; next?.done === false; next = await reader.read()) await send(next.value)
      if (framing.isHttp11) await this.#write('0\r\n\r\n', nothing)
      return isKept
    } catch (error) {
      reader.cancel(error).catch(() => undefined)
      throw error
    } finally {
      this.#reader = undefined
    }
  }

  /** Sends a whole answer. What its receiver does not take at once is held for it, and all of it stays in memory until then. */
  #sendWhole(head: string, content: Uint8Array): boolean {
    if (this.#writeWhole(head, content)) return true
    if (!memoryBudget.acquire('answers', content.byteLength)) throw new ConnectionClosedError()
    this.#heldBytes = content.byteLength
    return false
  }

  #releaseHeld(): void {
    memoryBudget.release('answers', this.#heldBytes)
    this.#heldBytes = 0
  }

  async #writeChunk(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return
    const size = `${bytes.byteLength.toString(16)}\r\n`
    if (bytes.byteLength <= copiedChunkBytesMax) {
      let length = scratch.write(size, 0, 'latin1')
      scratch.set(bytes, length)
      length += bytes.byteLength
      length += scratch.write('\r\n', length, 'latin1')
      if (!this.#writeBytes(scratch, length)) await this.#taken()
    } else {
      await this.#write(size, nothing)
      if (!this.#writeBytes(bytes, bytes.byteLength)) await this.#taken()
      await this.#write('\r\n', nothing)
    }
  }

  async #write(text: string, bytes: Uint8Array): Promise<void> {
    if (!this.#writeWhole(text, bytes)) await this.#taken()
  }

  /** @returns whether all was taken; otherwise `#taken` resolves when it was */
  #writeWhole(text: string, bytes: Uint8Array): boolean {
    const length = scratch.write(text, 0, 'latin1')
    if (length + bytes.byteLength <= scratch.byteLength) {
      scratch.set(bytes, length)
      return this.#writeBytes(scratch, length + bytes.byteLength)
    }
    const isTaken = this.#writeBytes(scratch, length)
    return this.#writeBytes(bytes, bytes.byteLength) && isTaken
  }

  /** Writes the first `length` bytes; keeps what the socket does not take. */
  #writeBytes(bytes: Uint8Array, length: number): boolean {
    if (this.#isClosed) throw new ConnectionClosedError()
    const written = this.#unsent === undefined ? Math.max(this.#socket.write(bytes, 0, length), 0) : 0
    if (written === length) return true
    const rest = bytes.subarray(written, length)
    const own = bytes === scratch ? rest.slice() : rest
    if (this.#unsent === undefined) this.#onStalled(true)
    this.#unsent = this.#unsent === undefined ? own : Buffer.concat([this.#unsent, own])
    return false
  }

  #taken(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>()
    return this.#drained.promise
  }
}

const nothing: Uint8Array = new Uint8Array(0)

function requireRoomFor({ byteLength }: Uint8Array): void {
  if (byteLength > smallBytesMax && !memoryBudget.hasRoom('answers', byteLength)) throw new AnswerRefusedError()
}

/** A short answer ends at once: its bytes, when the stream is over before anything else happens; undefined when it goes on. */
async function orLater(following: Promise<{ done: boolean }>, first: Uint8Array): Promise<Uint8Array | undefined> {
  const isOver = await Promise.race([
    following.then(({ done }) => done),
    new Promise<false>(resolve => setImmediate(resolve, false)),
  ])
  return isOver ? first : undefined
}

/** The fields of answers that share them, as text. */
const knownFields = new WeakMap<Headers, string>()

function fieldsOf(response: Response): string {
  const fields = response instanceof BytesResponse ? response.fields : response.headers
  if (!(fields instanceof Headers)) return fieldsText(Object.entries(fields))
  if (!(response instanceof BytesResponse) || !response.isShared) return fieldsText(fields)
  let text = knownFields.get(fields)
  if (text === undefined) {
    text = fieldsText(fields)
    knownFields.set(fields, text)
  }
  return text
}

function fieldsText(fields: Iterable<readonly [name: string, value: string]>): string {
  let text = ''
  for (const [name, value] of fields) {
    if (/[\r\n]/.test(value)) throw new Error(`the field ${name} of an answer has an end of line`)
    if (!ownFields.has(name)) text += `${name}: ${value}\r\n`
  }
  return text
}

/** Fields that the server itself sets. */
const ownFields = new Set(['connection', 'content-length', 'date', 'transfer-encoding'])

/** @param length of the body; undefined: not known yet */
function headText(
  response: Response,
  { isHead, isHttp11 }: Framing,
  isKept: boolean,
  length: number | undefined,
): string {
  const { status } = response
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fieldsOf(response)}date: ${date()}\r\n`
  if (isHead) {
    const told = response instanceof BytesResponse ? String(length) : response.headers.get('content-length')
    if (told !== null && status !== 304) text += `content-length: ${told}\r\n`
  } else if (status !== 204 && status !== 304) {
    if (length !== undefined) text += `content-length: ${length}\r\n`
    else if (isHttp11) text += 'transfer-encoding: chunked\r\n'
  }
  if (!isKept) text += 'connection: close\r\n'
  else if (!isHttp11) text += 'connection: keep-alive\r\n'
  return `${text}\r\n`
}

let dateText = ''
let dateSecond = 0

/** RFC 9110, 5.6.7; made once a second. */
function date(): string {
  const now = Date.now()
  const second = Math.floor(now / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(now).toUTCString()
  }
  return dateText
}
