import type { LogPlace } from '../events/place.ts'

/** Something of the log that is being dealt with. */
export type WindowEntry = { readonly place: LogPlace; readonly bytes: number; isDone: boolean }

/**
 * The part of the log between the place behind which everything is done and the place that was read up to. Its entries are done
 * in any order; the place moves over those that are done without a gap.
 */
export class LogWindow {
  #entries: WindowEntry[] = []
  #first = 0
  #bytes = 0
  #doneUpTo: LogPlace
  #readUpTo: LogPlace

  constructor(place: LogPlace) {
    this.#doneUpTo = place
    this.#readUpTo = place
  }

  get entries(): number {
    return this.#entries.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Everything up to there is done. */
  get doneUpTo(): LogPlace {
    return this.#doneUpTo
  }

  get readUpTo(): LogPlace {
    return this.#readUpTo
  }

  /** Reading has come to a place; what is between is of no interest, or was added. */
  passTo(place: LogPlace): void {
    this.#readUpTo = place
    if (this.entries === 0) this.#doneUpTo = place
  }

  add(place: LogPlace, bytes: number): WindowEntry {
    const entry = { place, bytes, isDone: false }
    this.#entries.push(entry)
    this.#bytes += bytes
    this.#readUpTo = place
    return entry
  }

  done(entry: WindowEntry): void {
    if (entry.isDone) return
    entry.isDone = true
    this.#bytes -= entry.bytes
    for (let first = this.#entries[this.#first]; first?.isDone; first = this.#entries[this.#first]) {
      this.#doneUpTo = first.place
      this.#first += 1
    }
    if (this.entries === 0) this.#doneUpTo = this.#readUpTo
    if (this.#first > 1_000 || this.entries === 0) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }
}
