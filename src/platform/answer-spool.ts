import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { Logger } from './log.ts'
import { memoryBudget } from './memory-budget.ts'

/** What is kept of one answer: so much in memory, and the rest in a file, which no other program can open. */
const memoryBytesMax = 256 * 1024
const fileBytesMax = 256 * 1024 * 1024
/** How much of the file is read at a time. */
const pieceBytes = 64 * 1024

/** Answers that nobody reads yet, first in, first out: a queue of bounded size of which most lies on disk. */
export class AnswerSpool {
  readonly #log: Logger
  #memory: Uint8Array[] = []
  #memoryBytes = 0
  #file: FileHandle | undefined
  /** Where the file is read and written on. What lies between is younger than all that is in memory. */
  #readAt = 0
  #writeAt = 0
  #fileBytesMax = fileBytesMax
  #isEnded = false
  #isClosed = false
  #changed = Promise.withResolvers<void>()
  readonly #full = Promise.withResolvers<void>()
  /** Resolves when an answer has to wait for room for the first time. */
  readonly full: Promise<void> = this.#full.promise

  constructor(log: Logger) {
    this.#log = log
  }

  /** What waits to be taken. */
  get byteLength(): number {
    return this.#memoryBytes + this.#writeAt - this.#readAt
  }

  /**
   * Adds an answer when there is room for it.
   *
   * @returns whether it was added; false when the spool was closed
   * @throws AppError OVERLOADED where neither the memory budget nor the disk takes a first answer
   */
  async add(piece: Uint8Array): Promise<boolean> {
    for (;;) {
      if (this.#isClosed) return false
      if (this.#readAt === this.#writeAt && this.#keepInMemory(piece)) break
      if (await this.#write(piece)) break
      // Neither memory nor disk: nobody would ever wake it.
      if (this.byteLength === 0) throw new AppError('OVERLOADED', 'too many answers wait for their receivers')
      this.#full.resolve()
      await this.#changed.promise
    }
    this.#tell()
    return true
  }

  /** Says that nothing is added any more. */
  end(): void {
    this.#isEnded = true
    this.#tell()
  }

  /** Lets go of everything. */
  close(): void {
    this.#isClosed = true
    this.#memory = []
    this.#releaseMemory(this.#memoryBytes)
    this.#readAt = this.#writeAt
    const file = this.#file
    this.#file = undefined
    file?.close().catch(() => undefined)
    this.#tell()
  }

  /** Takes the oldest answers, waiting for some. @returns undefined behind the last */
  async take(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#memory.shift()
      if (piece !== undefined) {
        this.#releaseMemory(piece.byteLength)
        this.#tell()
        return piece
      }
      if (this.#readAt < this.#writeAt) return this.#read()
      if (this.#isEnded || this.#isClosed) {
        this.close()
        return undefined
      }
      await this.#changed.promise
    }
  }

  /** @returns whether there was room for it */
  #keepInMemory(piece: Uint8Array): boolean {
    const isLarge = this.#memoryBytes > 0 && this.#memoryBytes + piece.byteLength > memoryBytesMax
    if (isLarge || !memoryBudget.acquire('answers', piece.byteLength)) return false
    this.#memory.push(piece)
    this.#memoryBytes += piece.byteLength
    return true
  }

  #releaseMemory(bytes: number): void {
    this.#memoryBytes -= bytes
    memoryBudget.release('answers', bytes)
  }

  /**
   * Writes to the file, where there is room in it. A disk that takes nothing is no reason to fail: the answers then wait in memory
   * for their reader, and the sender for them.
   */
  async #write(piece: Uint8Array): Promise<boolean> {
    // Nothing in it is to be read any more, so it begins again, and does not grow for as long as the reader keeps up.
    if (this.#readAt === this.#writeAt) {
      this.#readAt = 0
      this.#writeAt = 0
    }
    if (this.#writeAt + piece.byteLength > this.#fileBytesMax) return false
    try {
      this.#file ??= await openUnnamed()
      const { bytesWritten } = await this.#file.write(piece, 0, piece.byteLength, this.#writeAt)
      if (bytesWritten < piece.byteLength) throw new Error('the disk took a part of them')
    } catch (error) {
      if (!this.#isClosed)
        this.#log.warn({ err: error }, 'batch results cannot be written to disk; the sender must read them to go on')
      this.#fileBytesMax = 0
      return false
    }
    if (!this.#isClosed) this.#writeAt += piece.byteLength
    return true
  }

  async #read(): Promise<Uint8Array> {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, this.#writeAt - this.#readAt))
    const { bytesRead } = (await this.#file?.read(piece, 0, piece.byteLength, this.#readAt)) ?? { bytesRead: 0 }
    if (bytesRead === 0) throw new Error('the kept answers of a batch cannot be read back')
    this.#readAt += bytesRead
    this.#tell()
    return piece.subarray(0, bytesRead)
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

/** A file without a name: it is gone with the process, however that ends. */
async function openUnnamed(): Promise<FileHandle> {
  const path = join(tmpdir(), `orders-answers-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
