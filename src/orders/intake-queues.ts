import type { AppError } from '../errors.ts'
import type { Outcome } from './placement.ts'
import type { ValidOrder } from './new-order.ts'

/** Orders that were submitted together; their submitter gets the outcomes of all at once. */
export type Submission = {
  outcomes: Outcome[]
  /** How many have no outcome yet. */
  open: number
  resolve: (outcomes: Outcome[]) => void
  reject: (error: AppError) => void
}

/** The queues of the intake: `interactive` for orders that somebody waits for one by one, `background` for streams of them. */
export type QueueName = 'interactive' | 'background'

/** An order on its way into the database. */
export type Entry = {
  order: ValidOrder
  queue: QueueName
  submission: Submission
  index: number
  submittedAtMs: number
  /** The submitter was told that it is not stored; it is not written any more unless that has begun. */
  isGivenUp: boolean
}

export function settle({ submission, index }: Entry, outcome: Outcome): void {
  submission.outcomes[index] = outcome
  submission.open -= 1
  if (submission.open === 0) submission.resolve(submission.outcomes)
}

export function fail(entry: Entry, error: AppError): void {
  entry.isGivenUp = true
  entry.submission.reject(error)
}

export type QueueBounds = {
  /** The most orders, and bytes of documents, that are written by one transaction. */
  groupOrdersMax: number
  groupBytesMax: number
  /** The most orders, and bytes of documents, that wait in each queue or are being written. */
  waitingOrdersMax: number
  waitingBytesMax: number
}

/** The fewest orders with attachments that a group is begun for beside one that is being written. */
const besideMin = 128

/** Orders that are being written still count: they still hold their memory. */
type Queue = { entries: Entry[]; orders: number; bytes: number }

/** The orders that wait to be written: two bounded queues, of which `interactive` goes first. */
export class IntakeQueues {
  readonly #bounds: QueueBounds
  readonly #queues: Record<QueueName, Queue> = {
    interactive: { entries: [], orders: 0, bytes: 0 },
    background: { entries: [], orders: 0, bytes: 0 },
  }
  /** Uids that a running transaction is writing. Other orders with these wait for it, or the two would block each other. */
  readonly #beingWritten = new Set<string>()

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  /** How many orders wait or are being written. */
  get size(): number {
    return this.#queues.interactive.orders + this.#queues.background.orders
  }

  /**
   * Whether few orders wait, with something attached by modules. These are decided in several round trips, and two small groups of them cost
   * nearly twice as much as one: they wait for a group of their kind that is under way.
   */
  get areFewAttached(): boolean {
    const { interactive, background } = this.#queues
    return (
      background.entries.length === 0 &&
      interactive.entries.length < besideMin &&
      interactive.entries[0]?.order.attached !== undefined
    )
  }

  hasRoom(name: QueueName): boolean {
    const { orders, bytes } = this.#queues[name]
    return orders < this.#bounds.waitingOrdersMax && bytes < this.#bounds.waitingBytesMax
  }

  add(entry: Entry): void {
    const queue = this.#queues[entry.queue]
    queue.orders += 1
    queue.bytes += entry.order.json.length
    queue.entries.push(entry)
  }

  /**
   * Takes the orders of the next transaction, those with the same uid together. Orders whose uid is being written stay.
   *
   * @param onDropped is called for each order that was given up and is dropped
   */
  takeGroup(onDropped: (entry: Entry) => void): Entry[] {
    const { groupOrdersMax, groupBytesMax } = this.#bounds
    const group: Entry[] = []
    let bytes = 0
    for (const { entries } of [this.#queues.interactive, this.#queues.background]) {
      const staying: Entry[] = []
      let looked = 0
      for (; looked < entries.length && group.length < groupOrdersMax && bytes < groupBytesMax; looked++) {
        const entry = entries[looked] as Entry
        if (entry.isGivenUp) {
          this.#free(entry)
          onDropped(entry)
        } else if (this.#beingWritten.has(entry.order.orderUid)) staying.push(entry)
        else {
          group.push(entry)
          bytes += entry.order.json.length
        }
      }
      if (looked > 0) entries.splice(0, looked, ...staying)
    }
    for (const { order } of group) this.#beingWritten.add(order.orderUid)
    return group
  }

  /** Frees the room of a group that was written or failed. */
  release(group: readonly Entry[]): void {
    for (const entry of group) {
      this.#free(entry)
      this.#beingWritten.delete(entry.order.orderUid)
    }
  }

  /** Removes the orders that still wait. */
  clear(): Entry[] {
    return Object.values(this.#queues).flatMap(({ entries }) => entries.splice(0))
  }

  #free({ queue: name, order }: Entry): void {
    const queue = this.#queues[name]
    queue.orders -= 1
    queue.bytes -= order.json.length
  }
}
