import type { NumberedLine } from './reader.ts'
import { lineKinds } from './settlement.ts'
import { hashed, hashText } from './text-hash.ts'

/** What may stand in a file more than once. */
export type Seen = Readonly<{ lineId: string | undefined; paymentRef: string | undefined }>

/** Bits that are near each other, so that an id costs one access to memory that is not in the cache. */
const blockWords = 16
const wordBits = 32
/** 16 MiB: of a million lines hardly one is taken for a repetition, of ten million one in fifty. */
const blocksOfFile = 2 ** 18
/** Behind the numbers of the kinds, which belong to the id of a line. */
const paymentMeaning = lineKinds.length

/**
 * Finds ids that come again, in a fixed amount of memory: a Bloom filter, whose bits for an id are in one block. It may take an id for
 * one that came before, and never the other way round, so what it finds is checked in the database.
 */
export class SeenLines {
  /** Made when the first id is added: few files are so large that one is. */
  #words: Uint32Array | undefined
  readonly #blocks: number

  /** @param blocks a power of 2; each is 64 bytes */
  constructor(blocks: number = blocksOfFile) {
    this.#blocks = blocks
  }

  /** Adds the id of a line. @returns whether it may have been there before */
  addLine({ kind, lineId }: NumberedLine): boolean {
    return this.#add(lineId, lineKinds.indexOf(kind))
  }

  /** Adds a payment. @returns whether it may have been there before */
  addPayment(paymentRef: string): boolean {
    return this.#add(paymentRef, paymentMeaning)
  }

  /** Sets the four bits of a text. @returns whether they were set */
  #add(text: string, meaning: number): boolean {
    hashText(text, meaning)
    const one = hashed[0] ?? 0
    const two = hashed[1] ?? 0
    const block = (one & (this.#blocks - 1)) * blockWords
    // Nine bits name a bit of the block.
    const first = this.#set(block, two)
    const second = this.#set(block, two >>> 9)
    const third = this.#set(block, two >>> 18)
    return this.#set(block, one >>> 23) && first && second && third
  }

  /** Sets a bit of a block. @returns whether it was set */
  #set(block: number, bit: number): boolean {
    const word = block + ((bit >>> 5) & (blockWords - 1))
    const mask = 1 << (bit & (wordBits - 1))
    this.#words ??= new Uint32Array(this.#blocks * blockWords)
    const before = this.#words[word] ?? 0
    this.#words[word] = before | mask
    return (before & mask) !== 0
  }
}
