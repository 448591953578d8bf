import type { Checkpoint } from '../events/checkpoint.ts'

/** Something of the log that is being dealt with. */
export type WindowEntry = { readonly checkpoint: Checkpoint; readonly bytes: number; isDone: boolean }

/**
 * The part of the log between the checkpoint behind which everything is done and the checkpoint that was read up to. Its entries are done
 * in any order; the checkpoint moves over those that are done without a gap.
 */
export class LogWindow {
  #entries: WindowEntry[] = []
  #first = 0
  #bytes = 0
  #doneUpTo: Checkpoint
  #readUpTo: Checkpoint

  constructor(checkpoint: Checkpoint) {
    this.#doneUpTo = checkpoint
    this.#readUpTo = checkpoint
  }

  get entries(): number {
    return this.#entries.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Everything up to there is done. */
  get doneUpTo(): Checkpoint {
    return this.#doneUpTo
  }

  get readUpTo(): Checkpoint {
    return this.#readUpTo
  }

  /** Reading has come to a checkpoint; what is between is of no interest, or was added. */
  passTo(checkpoint: Checkpoint): void {
    this.#readUpTo = checkpoint
    if (this.entries === 0) this.#doneUpTo = checkpoint
  }

  add(checkpoint: Checkpoint, bytes: number): WindowEntry {
    const entry = { checkpoint, bytes, isDone: false }
    this.#entries.push(entry)
    this.#bytes += bytes
    this.#readUpTo = checkpoint
    return entry
  }

  done(entry: WindowEntry): void {
    if (entry.isDone) return
    entry.isDone = true
    this.#bytes -= entry.bytes
    for (let first = this.#entries[this.#first]; first?.isDone; first = this.#entries[this.#first]) {
      this.#doneUpTo = first.checkpoint
      this.#first += 1
    }
    if (this.entries === 0) this.#doneUpTo = this.#readUpTo
    if (this.#first > 1_000 || this.entries === 0) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }
}
