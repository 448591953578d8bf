import { AppError } from '../errors.ts'
import type { Logger } from '../platform/log.ts'
import type { Tracer } from '../platform/tracing.ts'
import { GroupWriter } from './group-writer.ts'
import { type Entry, fail, IntakeQueues, type QueueName } from './intake-queues.ts'
import { SubmitTimeouts } from './intake-timeouts.ts'
import type { Outcome } from './placement.ts'
import type { PlacedOrder } from './queries.ts'
import type { IntakeStore } from './store.ts'
import type { ValidOrder } from './new-order.ts'

/**
 * The one way in for orders from every source. Waiting orders are written in groups, each by one transaction, so that many share
 * the price of a commit. No outcome is known before that commit.
 */

export type IntakeOptions = {
  store: IntakeStore
  log: Logger
  now: () => number
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  /** Is called with the orders that were placed, after their commit and before their submitters know. */
  onPlaced: (orders: readonly PlacedOrder[]) => void
  onGroup?: (group: { orders: number; durationMs: number }) => void
  /** The most orders written by one transaction, and the most bytes of documents. */
  groupOrdersMax?: number
  groupBytesMax?: number
  /** Transactions at a time: while one waits for the disk, the next is being written. */
  writersMax?: number
  /** The most orders, and bytes of documents, in each queue. */
  waitingOrdersMax?: number
  waitingBytesMax?: number
  /** How long `submit` takes at most, whatever the database does, in milliseconds. */
  submitTimeoutMs?: number
}

export type Intake = {
  /**
   * Submits one order that somebody waits for.
   *
   * @throws AppError OVERLOADED when too much is waiting, STORE_UNAVAILABLE when it could not be stored in time, STOPPING.
   *   After any of them it may be submitted again; if writing it had begun, it may have been stored.
   */
  submit(order: ValidOrder): Promise<Outcome>
  /**
   * Submits orders from a source that can be held up: waits for room instead of refusing, waits for the database through
   * any outage, and goes behind the orders of `submit`. Orders that share a uid are placed in the order of the calls.
   *
   * @returns the outcomes in the order of the orders
   * @throws AppError STOPPING; some of the orders may have been placed then
   */
  submitAll(orders: readonly ValidOrder[]): Promise<Outcome[]>
  /** How many orders wait or are being written. */
  waiting(): number
  /** When the database last did not take a group of orders, by `performance.now()`; they are written again. */
  readonly failedAtMs: number
  /** Accepts no more orders, and resolves when those that wait are written, or failed after the deadline. */
  close(deadlineMs: number): Promise<void>
}

const defaults = {
  groupOrdersMax: 2_000,
  groupBytesMax: 4 * 1024 * 1024,
  writersMax: 2,
  waitingOrdersMax: 10_000,
  waitingBytesMax: 64 * 1024 * 1024,
  submitTimeoutMs: 8_000,
  onGroup: (): void => undefined,
}

type AllOptions = Required<Omit<IntakeOptions, 'tracer'>> & Pick<IntakeOptions, 'tracer'>

export function createIntake(options: IntakeOptions): Intake {
  return new GroupIntake({ ...defaults, ...options })
}

class GroupIntake implements Intake {
  readonly #options: AllOptions
  readonly #queues: IntakeQueues
  readonly #timeouts: SubmitTimeouts
  readonly #writer: GroupWriter
  #writers = 0
  /** Groups under way of orders that modules have attached something to. */
  #attachedGroups = 0
  #isStartDue = false
  #isClosed = false
  /** Called when room was freed, for `submitAll`. */
  #onRoom: (() => void)[] = []
  /** Called when nothing waits any more, for `close`. */
  #onDrained: (() => void)[] = []
  /** Resolves when the last `submitAll` has all its orders in the queue. */
  #admitted: Promise<void> = Promise.resolve()

  constructor(options: AllOptions) {
    this.#options = options
    this.#queues = new IntakeQueues(options)
    this.#timeouts = new SubmitTimeouts(options.submitTimeoutMs)
    this.#writer = new GroupWriter({ ...options, isClosed: () => this.#isClosed })
  }

  async submit(order: ValidOrder): Promise<Outcome> {
    if (this.#isClosed) throw stopping()
    if (!this.#queues.hasRoom('interactive')) {
      throw new AppError('OVERLOADED', 'too many orders are waiting to be written')
    }
    return (await this.#enqueue('interactive', [order]))[0] as Outcome
  }

  async submitAll(orders: readonly ValidOrder[]): Promise<Outcome[]> {
    // A call that waits for room is not overtaken by a later one.
    const before = this.#admitted
    const admitted = Promise.withResolvers<void>()
    this.#admitted = admitted.promise
    await before
    const { groupOrdersMax } = this.#options
    try {
      const outcomes: Outcome[] = []
      for (let first = 0; first < orders.length; first += groupOrdersMax) {
        while (!this.#queues.hasRoom('background') && !this.#isClosed) {
          await new Promise<void>(resolve => this.#onRoom.push(resolve))
        }
        if (this.#isClosed) throw stopping()
        const submitted = this.#enqueue('background', orders.slice(first, first + groupOrdersMax))
        if (first + groupOrdersMax >= orders.length) admitted.resolve()
        outcomes.push(...(await submitted))
      }
      return outcomes
    } finally {
      admitted.resolve()
    }
  }

  waiting(): number {
    return this.#queues.size
  }

  get failedAtMs(): number {
    return this.#writer.failedAtMs
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true
    for (const resolve of this.#onRoom.splice(0)) resolve()
    if (this.waiting() > 0) {
      await new Promise<void>(resolve => {
        this.#onDrained.push(resolve)
        setTimeout(resolve, deadlineMs).unref()
      })
    }
    for (const entry of this.#queues.clear()) fail(entry, stopping())
    this.#timeouts.close(stopping())
  }

  #enqueue(queue: QueueName, orders: readonly ValidOrder[]): Promise<Outcome[]> {
    this.#startWriters()
    return new Promise((resolve, reject) => {
      const submission = { outcomes: new Array<Outcome>(orders.length), open: orders.length, resolve, reject }
      const submittedAtMs = queue === 'interactive' ? performance.now() : 0
      orders.forEach((order, index) => {
        const entry: Entry = { order, queue, submission, index, submittedAtMs, isGivenUp: false }
        this.#queues.add(entry)
        if (queue === 'interactive') this.#timeouts.add(entry)
      })
    })
  }

  /** Starts writers at the end of this turn of the event loop, so that all requests that it read are in one group. */
  #startWriters(): void {
    if (this.#isStartDue || this.#writers >= this.#options.writersMax) return
    this.#isStartDue = true
    setImmediate(() => {
      this.#isStartDue = false
      while (this.#writers < this.#options.writersMax) {
        if (this.#attachedGroups > 0 && this.#queues.areFewAttached) break
        const group = this.#takeGroup()
        if (group.length === 0) break
        this.#writers += 1
        void this.#write(group)
      }
    })
  }

  async #write(first: Entry[]): Promise<void> {
    for (let group = first; group.length > 0; group = this.#takeGroup()) {
      const startedMs = performance.now()
      const attached = group[0]?.order.attached === undefined ? 0 : 1
      this.#attachedGroups += attached
      await this.#writer.write(group)
      this.#attachedGroups -= attached
      this.#queues.release(group)
      for (const entry of group) if (entry.queue === 'interactive') this.#timeouts.delete(entry)
      this.#options.onGroup({ orders: group.length, durationMs: performance.now() - startedMs })
      for (const resolve of this.#onRoom.splice(0)) resolve()
    }
    this.#writers -= 1
    if (this.waiting() > 0) this.#startWriters()
    else if (this.#writers === 0) for (const resolve of this.#onDrained.splice(0)) resolve()
  }

  #takeGroup(): Entry[] {
    return this.#queues.takeGroup(entry => this.#timeouts.delete(entry))
  }
}

function stopping(): AppError {
  return new AppError('STOPPING', 'the service is stopping')
}
