import { bytesAtMost, writeText } from '../write-text.ts'

/** A message to send; one key always goes to one partition, no key to any. */
export type OutgoingMessage = {
  readonly key: string | Buffer | null
  /** null is a tombstone. */
  readonly value: string | Buffer | null
  readonly headers?: ReadonlyArray<readonly [name: string | Buffer, value: string | Buffer | null]>
}

/** The sender of a fenced batch: producer id, epoch, and the sequence number of its first message in the partition. */
export type Origin = { producerId: bigint; epoch: number; sequence: number }

/** Computes the CRC-32C of the bytes. */
export type Checksum = (bytes: Buffer) => number

const initialBytes = 64 * 1024
/** The buffer of a batch that grew beyond this, because of large messages, is not kept. */
const keptBytesMax = 1024 * 1024

/** Where the fields of a batch begin (Kafka's documentation, "Message Format", "Record Batch"). */
const lengthAt = 8
const leaderEpochAt = 12
const magicAt = 16
const checksumAt = 17
const attributesAt = 21
const lastOffsetAt = 23
const firstTimestampAt = 27
const maxTimestampAt = 35
const producerIdAt = 43
const producerEpochAt = 51
const sequenceAt = 53
const countAt = 57
const recordsAt = 61

const magic = 2
const nobody: Origin = { producerId: -1n, epoch: 0, sequence: 0 }

/** The most bytes of a record beside its texts: the numbers before it, and one length for each text. */
const recordHeadBytes = 20
const lengthBytesMax = 5
/** The bytes of the length of most records, which are between 64 bytes and 8 KiB long. */
const lengthBytesMostly = 2
/** The length of what is null, -1, as a varint. */
const nullLength = 1

/**
 * The records for one partition, encoded directly as the broker stores them (record batch, version 2), into a buffer that is reused.
 * The client library makes some forty buffers of every record instead, which costs eight times as much.
 */
export class RecordBatch {
  #bytes = Buffer.allocUnsafeSlow(initialBytes)
  #end = recordsAt
  #count = 0
  #endBefore = recordsAt

  /** In bytes. */
  get size(): number {
    return this.#end
  }

  /** In messages. */
  get count(): number {
    return this.#count
  }

  /** Empties the batch; what `finish` returned is then overwritten. */
  clear(): void {
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(initialBytes)
    this.#end = recordsAt
    this.#count = 0
  }

  append({ key, value, headers = [] }: OutgoingMessage): void {
    this.#reserve(bytesOfRecord(key, value, headers))
    this.#endBefore = this.#end
    const start = this.#end + lengthBytesMostly
    this.#end = start
    // Neither attributes nor a time delta: the batch has the time.
    this.#bytes[this.#end++] = 0
    this.#bytes[this.#end++] = 0
    this.#end = this.#varint(this.#count, this.#end)
    this.#field(key)
    this.#field(value)
    this.#end = this.#varint(headers.length, this.#end)
    for (const [name, content] of headers) {
      this.#field(name)
      this.#field(content)
    }
    this.#end = this.#putLength(this.#endBefore, start, this.#end - start)
    this.#count += 1
  }

  /** Removes the last record. */
  takeBack(): void {
    this.#end = this.#endBefore
    this.#count -= 1
  }

  /**
   * @param nowMs the time of all records, in milliseconds since 1970
   * @returns the batch, until the next call of `clear`
   */
  finish(nowMs: number, checksum: Checksum, { producerId, epoch, sequence }: Origin = nobody): Buffer {
    const bytes = this.#bytes
    bytes.fill(0, 0, recordsAt)
    bytes.writeInt32BE(this.#end - leaderEpochAt, lengthAt)
    bytes[magicAt] = magic
    bytes.writeInt32BE(this.#count - 1, lastOffsetAt)
    bytes.writeBigInt64BE(BigInt(nowMs), firstTimestampAt)
    bytes.writeBigInt64BE(BigInt(nowMs), maxTimestampAt)
    bytes.writeBigInt64BE(producerId, producerIdAt)
    bytes.writeInt16BE(epoch, producerEpochAt)
    bytes.writeInt32BE(sequence, sequenceAt)
    bytes.writeInt32BE(this.#count, countAt)
    bytes.writeUInt32BE(checksum(bytes.subarray(attributesAt, this.#end)), checksumAt)
    return bytes.subarray(0, this.#end)
  }

  /** Writes a text or bytes after their length. */
  #field(content: string | Buffer | null): void {
    if (content === null) {
      this.#bytes[this.#end++] = nullLength
    } else if (typeof content === 'string') {
      // In most texts each character is a byte, so the room for the length is right.
      const start = this.#end + varintBytes(content.length)
      this.#end = this.#putLength(this.#end, start, writeText(this.#bytes, content, start))
    } else {
      const start = this.#varint(content.length, this.#end)
      this.#bytes.set(content, start)
      this.#end = start + content.length
    }
  }

  /** Writes the length of what comes after it, which is moved if the room does not fit. @returns the end of both */
  #putLength(at: number, start: number, length: number): number {
    const moved = at + varintBytes(length)
    if (moved !== start) this.#bytes.copyWithin(moved, start, start + length)
    return this.#varint(length, at) + length
  }

  /** Writes a non-negative number as a zigzag varint. @returns its end */
  #varint(value: number, at: number): number {
    let end = at
    let rest = value << 1
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[end++] = (rest & 0x7f) | 0x80
    this.#bytes[end] = rest
    return end + 1
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#end + bytes))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
}

function bytesOfRecord(key: OutgoingMessage['key'], value: OutgoingMessage['value'], headers: Headers): number {
  let bytes = recordHeadBytes + bytesOfField(key) + bytesOfField(value)
  for (const [name, content] of headers) bytes += bytesOfField(name) + bytesOfField(content)
  return bytes
}

type Headers = NonNullable<OutgoingMessage['headers']>

function bytesOfField(content: string | Buffer | null): number {
  if (content === null) return lengthBytesMax
  return lengthBytesMax + (typeof content === 'string' ? bytesAtMost(content) : content.length)
}

/** Returns the size of a non-negative number as a varint, in bytes. */
function varintBytes(value: number): number {
  if (value < 0x40) return 1
  if (value < 0x2000) return 2
  if (value < 0x10_0000) return 3
  return value < 0x800_0000 ? 4 : 5
}
