import { AppError } from '../../errors.ts'

/** What a portion of received bytes meant: the bytes of the body in it, and where the rest begins. */
export type Decoded = { data: Uint8Array; end: number }

/** Finds the body of a request in what comes after its head. */
export type BodyDecoder = {
  /** Whether the body is complete, its trailer included. */
  readonly isDone: boolean
  /** The bytes of the body that are still to come; undefined where the sender has not told. */
  readonly missing: number | undefined
  /**
   * @param bytes what was received
   * @throws AppError REQUEST_INVALID when it is no valid body; nothing more can be read on the connection then
   */
  decode(bytes: Uint8Array): Decoded
}

/** A body of a length that was told. */
export class LengthDecoder implements BodyDecoder {
  missing: number

  constructor(length: number) {
    this.missing = length
  }

  get isDone(): boolean {
    return this.missing === 0
  }

  decode(bytes: Uint8Array): Decoded {
    const end = Math.min(bytes.byteLength, this.missing)
    this.missing -= end
    return { data: bytes.subarray(0, end), end }
  }
}

/** What a chunked body holds beside its data, in bytes: extensions and the trailer, which nobody here reads. */
const overheadBytesMax = 16 * 1024
/** 2^52 bytes and more have no exact number. */
const sizeDigitsMax = 12

const cr = 0x0d
const lf = 0x0a
const semicolon = 0x3b
const colon = 0x3a
const equals = 0x3d
const quote = 0x22
const backslash = 0x5c

/** What is expected next. Numbers, since a body in chunks of a byte takes six steps for each. */
const state = {
  size: 0,
  sizeEnd: 1,
  data: 2,
  dataCr: 3,
  dataLf: 4,
  extensionName: 5,
  extensionValue: 6,
  extensionQuoted: 7,
  extensionEscape: 8,
  extensionEnd: 9,
  line: 10,
  trailerName: 11,
  trailerValue: 12,
  trailerLf: 13,
  lastLf: 14,
  done: 15,
} as const
type State = (typeof state)[keyof typeof state]

/**
 * A chunked body (RFC 9112, 7.1). Extensions and trailer fields are skipped, yet only those that are well formed: what another
 * parser could take for an end, or for the beginning of a request, is refused.
 */
export class ChunkedDecoder implements BodyDecoder {
  readonly missing = undefined
  #state: State = state.size
  #digits = 0
  #size = 0
  #overheadBytes = 0

  get isDone(): boolean {
    return this.#state === state.done
  }

  decode(bytes: Uint8Array): Decoded {
    // The data of all chunks is moved together: a chunk must not become an object of its own.
    let data = bytes
    let first = 0
    let length = 0
    let at = 0
    while (at < bytes.byteLength && this.#state !== state.done) {
      if (this.#state !== state.data) {
        this.#step(bytes[at] as number)
        at += 1
        continue
      }
      const count = Math.min(bytes.byteLength - at, this.#size)
      if (length === 0) first = at
      else {
        // What was received is left as it is, since the caller may have more in it.
        if (data === bytes) {
          data = new Uint8Array(length + bytes.byteLength - at)
          data.set(bytes.subarray(first, first + length))
          first = 0
        }
        copy(bytes, at, data, length, count)
      }
      length += count
      at += count
      this.#size -= count
      if (this.#size === 0) this.#state = state.dataCr
    }
    return { data: data.subarray(first, first + length), end: at }
  }

  /** Takes a byte that is no data. */
  #step(byte: number): void {
    const now = this.#state
    if (now === state.size) this.#readSize(byte)
    else if (now === state.sizeEnd) {
      this.#expect(byte, lf, this.#size === 0 ? state.line : state.data)
      this.#digits = 0
    } else if (now === state.dataCr) this.#expect(byte, cr, state.dataLf)
    else if (now === state.dataLf) this.#expect(byte, lf, state.size)
    else if (now === state.trailerLf) this.#expect(byte, lf, state.line)
    else if (now === state.lastLf) this.#expect(byte, lf, state.done)
    else this.#skip(byte)
  }

  #readSize(byte: number): void {
    const digit = hexOf(byte)
    if (digit >= 0) {
      if (this.#digits === sizeDigitsMax) throw malformed()
      this.#size = this.#size * 16 + digit
      this.#digits += 1
    } else if (this.#digits === 0) throw malformed()
    else if (byte === cr) this.#state = state.sizeEnd
    else if (byte === semicolon) this.#state = state.extensionName
    else throw malformed()
  }

  /** Passes over an extension or the trailer. */
  #skip(byte: number): void {
    this.#overheadBytes += 1
    if (this.#overheadBytes > overheadBytesMax) throw malformed()
    const next = this.#state >= state.line ? trailerAfter(this.#state, byte) : extensionAfter(this.#state, byte)
    if (next === undefined) throw malformed()
    this.#state = next
  }

  #expect(byte: number, expected: number, next: State): void {
    if (byte !== expected) throw malformed()
    this.#state = next
  }
}

/** `;name`, `;name=value` or `;name="value"`, several of them. @returns undefined where the byte must not be */
function extensionAfter(now: State, byte: number): State | undefined {
  if (now === state.extensionEscape) return isText(byte) ? state.extensionQuoted : undefined
  if (now === state.extensionQuoted) {
    if (byte === quote) return state.extensionEnd
    if (byte === backslash) return state.extensionEscape
    return isText(byte) ? now : undefined
  }
  if (byte === cr) return state.sizeEnd
  if (byte === semicolon) return state.extensionName
  if (now === state.extensionEnd) return undefined
  if (isToken(byte)) return now
  if (now === state.extensionName && byte === equals) return state.extensionValue
  return now === state.extensionValue && byte === quote ? state.extensionQuoted : undefined
}

/** Lines with a name, a colon and a value; an empty one ends it. @returns undefined where the byte must not be */
function trailerAfter(now: State, byte: number): State | undefined {
  if (now === state.trailerValue) {
    if (byte === cr) return state.trailerLf
    return isText(byte) ? now : undefined
  }
  if (now === state.line && byte === cr) return state.lastLf
  if (now === state.trailerName && byte === colon) return state.trailerValue
  return isToken(byte) ? state.trailerName : undefined
}

/** What a field name consists of (RFC 9110, 5.6.2). */
const tokenBytes = new Set(Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))

function isToken(byte: number): boolean {
  return tokenBytes.has(byte)
}

/** What a field value consists of: everything but control characters. */
function isText(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x09
}

/** Small pieces are moved byte by byte, which costs less than a view of each. */
function copy(from: Uint8Array, start: number, to: Uint8Array, place: number, count: number): void {
  if (count > 32) to.set(from.subarray(start, start + count), place)
  else for (let index = 0; index < count; index++) to[place + index] = from[start + index] as number
}

/** @returns -1 for what is no hexadecimal digit */
function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function malformed(): AppError {
  return new AppError('REQUEST_INVALID', 'the chunked body is not valid')
}
