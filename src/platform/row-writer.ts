import { bytesAtMost, writeText } from './write-text.ts'

/** The size of a piece of a COPY: it fits the processor's cache and the socket's buffer. */
const chunkBytes = 64 * 1024
/** Room for a row that exceeds the piece, unless it is large. */
const bufferBytes = 2 * chunkBytes

/** Buffers of the usual size that were sent, for reuse: the page faults of a fresh one cost a tenth of the intake. */
const spare: Buffer[] = []
const spareMax = 16

function takeBuffer(bytesMin: number): Buffer {
  if (bytesMin > bufferBytes) return Buffer.allocUnsafeSlow(bytesMin)
  return spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
}

/** Takes back the buffer of a piece that was sent. @param piece one from a writer, which nobody reads any more */
export function reuse({ buffer }: Buffer): void {
  if (buffer.byteLength === bufferBytes && spare.length < spareMax) spare.push(Buffer.from(buffer))
}

/** Messages of PostgreSQL's protocol: a type byte, and the length of the rest including itself. */
const headerBytes = 5
const query = 'Q'.charCodeAt(0)
const copyData = 'd'.charCodeAt(0)
const copyDone = Buffer.from([...Buffer.from('c'), 0, 0, 0, 4])

/** The header of the binary format (signature, flags, length of the extension), and the number that ends its rows. */
const formatHead = Buffer.from([...Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), 0, 0, 0, 0, 0, 0, 0, 0])
const noMoreRows = -1
const nullLength = -1

/** PostgreSQL counts microseconds from 2000-01-01T00:00:00Z. */
const epochMs = Date.UTC(2000, 0, 1)
const two32 = 2 ** 32

/** Digits of a `numeric`, by its binary format. Numbers are divided in a tenth of the time that bigints take. */
const numericBase = 10_000
const numericBaseLarge = BigInt(numericBase)
const safeMax = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * Writes the fields of rows directly as messages of the protocol, in COPY's binary format ("Binary Format" in the
 * manual's page on COPY): a row begins with the number of its fields, a field with its length. Every method but `row` writes
 * one field; integers are written in the width of their column.
 */
export class RowWriter {
  #bytes = takeBuffer(0)
  #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset)
  #end = 0
  /** Where the current message begins; undefined between two. */
  #messageStart: number | undefined
  #full: Buffer[] = []

  /** Writes statements that run as one transaction. The rows that they copy come after them. */
  query(text: string): void {
    this.#reserve(headerBytes + bytesAtMost(text) + 1)
    this.#openMessage(query)
    this.#end += writeText(this.#bytes, text, this.#end)
    this.#bytes[this.#end] = 0
    this.#end += 1
    this.#closeMessage()
  }

  /** Begins the rows of a table. */
  begin(): void {
    this.#reserve(headerBytes + formatHead.length)
    this.#openMessage(copyData)
    this.#end += formatHead.copy(this.#bytes, this.#end)
  }

  /** Ends the rows of a table. */
  end(): void {
    this.row(noMoreRows)
    this.#closeMessage()
    this.#reserve(copyDone.length)
    this.#end += copyDone.copy(this.#bytes, this.#end)
  }

  /** Begins a row with this number of fields. */
  row(fields: number): void {
    this.#reserve(2)
    this.#view.setInt16(this.#end, fields)
    this.#end += 2
  }

  /** A `text`, an enum, a `json`, or a `bytea` that is text in UTF-8. */
  text(value: string): void {
    this.#reserve(4 + bytesAtMost(value))
    const start = this.#end + 4
    const length = writeText(this.#bytes, value, start)
    this.#view.setInt32(start - 4, length)
    this.#end = start + length
  }

  /** A `bytea`. */
  bytes(value: Uint8Array): void {
    this.#reserve(4 + value.byteLength)
    this.#view.setInt32(this.#end, value.byteLength)
    this.#bytes.set(value, this.#end + 4)
    this.#end += 4 + value.byteLength
  }

  smallint(value: number): void {
    this.#reserve(6)
    this.#view.setInt32(this.#end, 2)
    this.#view.setInt16(this.#end + 4, value)
    this.#end += 6
  }

  integer(value: number): void {
    this.#reserve(8)
    this.#view.setInt32(this.#end, 4)
    this.#view.setInt32(this.#end + 4, value)
    this.#end += 8
  }

  bigint(value: number): void {
    this.#reserve(12)
    this.#view.setInt32(this.#end, 8)
    this.#view.setInt32(this.#end + 4, Math.floor(value / two32))
    this.#view.setInt32(this.#end + 8, value | 0)
    this.#end += 12
  }

  /** A `numeric` that is whole and not negative: digits to the base of 10,000, the highest first. */
  numeric(value: bigint | number): void {
    const count = digitsOf(value)
    this.#reserve(12 + 2 * count)
    this.#view.setInt32(this.#end, 8 + 2 * count)
    // The number of digits, the weight of the first, the sign, and the number of digits after the point.
    this.#view.setInt16(this.#end + 4, count)
    this.#view.setInt16(this.#end + 6, Math.max(0, count - 1))
    this.#view.setInt32(this.#end + 8, 0)
    let large = typeof value === 'bigint' && value > safeMax ? value : undefined
    let small = large === undefined ? Number(value) : 0
    for (let at = this.#end + 10 + 2 * count; at > this.#end + 10; at -= 2) {
      if (large === undefined) {
        this.#view.setInt16(at, small % numericBase)
        small = Math.floor(small / numericBase)
      } else {
        this.#view.setInt16(at, Number(large % numericBaseLarge))
        large /= numericBaseLarge
      }
    }
    this.#end += 12 + 2 * count
  }

  /** A `timestamptz`. @param ms milliseconds since 1970-01-01T00:00:00Z */
  timestamp(ms: number): void {
    this.bigint((ms - epochMs) * 1000)
  }

  null(): void {
    this.#reserve(4)
    this.#view.setInt32(this.#end, nullLength)
    this.#end += 4
  }

  /** Returns what is ready to be sent: whole messages, in pieces that are worth a system call. */
  take(): readonly Buffer[] {
    if (this.#end >= chunkBytes) this.#nextBuffer(0)
    if (this.#full.length === 0) return nothing
    const full = this.#full
    this.#full = []
    return full
  }

  /** Returns the rest; nothing can be written after it. */
  takeLast(): readonly Buffer[] {
    if (this.#end > 0) this.#full.push(this.#bytes.subarray(0, this.#end))
    return this.#full
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes > this.#bytes.length) this.#nextBuffer(bytes)
  }

  #nextBuffer(bytesMin: number): void {
    const isInside = this.#messageStart !== undefined
    this.#closeMessage()
    if (this.#end > 0) this.#full.push(this.#bytes.subarray(0, this.#end))
    this.#bytes = takeBuffer(bytesMin + headerBytes)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset)
    this.#end = 0
    if (isInside) this.#openMessage(copyData)
  }

  #openMessage(letter: number): void {
    this.#messageStart = this.#end
    this.#bytes[this.#end] = letter
    this.#end += headerBytes
  }

  /** Writes the length of the message, which is known when it ends; it comes after the type byte, which it does not include. */
  #closeMessage(): void {
    if (this.#messageStart === undefined) return
    this.#view.setUint32(this.#messageStart + 1, this.#end - this.#messageStart - 1)
    this.#messageStart = undefined
  }
}

const nothing: readonly Buffer[] = []

/** How many digits to the base of 10,000 a number has; 0 for 0. */
function digitsOf(value: bigint | number): number {
  let count = 0
  if (typeof value === 'bigint' && value > safeMax)
    for (let rest = value; rest > 0n; rest /= numericBaseLarge) count += 1
  else for (let rest = Number(value); rest > 0; rest = Math.floor(rest / numericBase)) count += 1
  return count
}
