import { AppError } from '../errors.ts'
import type { Logger } from '../platform/log.ts'
import type { Tracer } from '../platform/tracing.ts'
import { createGroupWriter, type Entry, fail, type IntakeStore } from './group-writer.ts'
import type { Outcome } from './placement.ts'
import type { NewOrder } from './queries.ts'
import type { ValidOrder } from './validate.ts'

/**
 * The one way in for orders, from whatever source. Orders that wait are written in groups, each by one transaction, so
 * that many share the price of a commit; nobody hears of an order's fate before that commit.
 */

export type IntakeOptions = {
  store: IntakeStore
  log: Logger
  now: () => number
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  /** Hears of each order that was placed, after its commit. */
  onPlaced: (orders: readonly NewOrder[]) => void
  onGroup?: (group: { orders: number; durationMs: number }) => void
  /** The most orders written by one transaction, and the most bytes of documents. */
  groupOrdersMax?: number
  groupBytesMax?: number
  /** Transactions at a time: while one waits for the disk, the next is being written. */
  writersMax?: number
  /** What may wait in each lane. */
  waitingOrdersMax?: number
  waitingBytesMax?: number
  /** How long a caller waits at most, whatever the database does, in milliseconds. */
  callerPatienceMs?: number
}

export type Intake = {
  /**
   * Submits one order for which somebody waits.
   *
   * @throws AppError OVERLOADED when too much is waiting, STORE_UNAVAILABLE when it could not be stored in time, STOPPING.
   *   In all three it may be submitted again; where writing it had begun, it may have been stored.
   */
  submit(order: ValidOrder): Promise<Outcome>
  /**
   * Submits orders from a source that can be held up: waits for room instead of refusing, waits for the database through
   * any outage, and goes behind the orders for which somebody waits. Orders that share a uid are placed in the order of the calls.
   *
   * @returns the outcomes in the order of the orders
   * @throws AppError STOPPING; some of the orders may have been placed then
   */
  submitAll(orders: readonly ValidOrder[]): Promise<Outcome[]>
  /** How many orders wait or are being written. */
  waiting(): number
  /** Takes no more orders, and resolves when those that wait are written, or refused after the deadline. */
  close(deadlineMs: number): Promise<void>
}

/** A queue with its bounds; what is being written still counts, since its memory is still held. */
type Lane = { entries: Entry[]; orders: number; bytes: number }

/** How often it is looked for callers who have waited long enough. */
const patienceCheckMs = 250

export function createIntake(options: IntakeOptions): Intake {
  const {
    onGroup = () => undefined,
    groupOrdersMax = 2_000,
    groupBytesMax = 4 * 1024 * 1024,
    writersMax = 2,
    waitingOrdersMax = 10_000,
    waitingBytesMax = 64 * 1024 * 1024,
    callerPatienceMs = 8_000,
  } = options

  /** Somebody waits for each of these, so they go first. */
  const callers: Lane = { entries: [], orders: 0, bytes: 0 }
  const streams: Lane = { entries: [], orders: 0, bytes: 0 }
  /** Uids that a running transaction is writing: their like wait for it, or the two would block each other. */
  const beingWritten = new Set<string>()
  /** Everything that has no outcome yet, oldest first. */
  const unsettled = new Set<Entry>()
  let writers = 0
  let isWakeUpDue = false
  let isClosed = false
  const roomSeekers: (() => void)[] = []
  /** Resolves when the last submission of a stream is in the queue. */
  let admission: Promise<void> = Promise.resolve()
  const closers: (() => void)[] = []
  const writeGroup = createGroupWriter({ ...options, isClosed: () => isClosed })

  const waiting = () => callers.orders + streams.orders
  const hasRoom = (lane: Lane) => lane.orders < waitingOrdersMax && lane.bytes < waitingBytesMax

  function enqueue(lane: Lane, orders: readonly ValidOrder[]): Promise<Outcome[]> {
    wakeUp()
    return new Promise((resolve, reject) => {
      const submission = { outcomes: new Array<Outcome>(orders.length), open: orders.length, resolve, reject }
      const isCaller = lane === callers
      orders.forEach((order, index) => {
        lane.orders += 1
        lane.bytes += order.json.length
        const entry: Entry = {
          order,
          isCaller,
          submission,
          index,
          submittedAtMs: isCaller ? performance.now() : 0,
          isGivenUp: false,
        }
        lane.entries.push(entry)
        if (isCaller) unsettled.add(entry)
      })
    })
  }

  /** Starts writers at the end of this turn of the event loop, so that all requests that it read are in one group. */
  function wakeUp(): void {
    if (isWakeUpDue || writers >= writersMax) return
    isWakeUpDue = true
    setImmediate(() => {
      isWakeUpDue = false
      while (writers < writersMax) {
        const group = takeGroup()
        if (group.length === 0) break
        writers += 1
        void write(group)
      }
    })
  }

  async function write(first: Entry[]): Promise<void> {
    for (let group = first; group.length > 0; group = takeGroup()) {
      const startedMs = performance.now()
      await writeGroup(group)
      for (const entry of group) {
        release(entry)
        beingWritten.delete(entry.order.orderUid)
      }
      onGroup({ orders: group.length, durationMs: performance.now() - startedMs })
      for (const seeker of roomSeekers.splice(0)) seeker()
    }
    writers -= 1
    if (waiting() > 0) wakeUp()
    else if (writers === 0) for (const closer of closers.splice(0)) closer()
  }

  /** Gives the room of an order back. */
  function release(entry: Entry): void {
    const lane = entry.isCaller ? callers : streams
    lane.orders -= 1
    lane.bytes -= entry.order.json.length
    if (entry.isCaller) unsettled.delete(entry)
  }

  /** The orders of the next transaction, each uid's like together; what another transaction is writing stays. */
  function takeGroup(): Entry[] {
    const group: Entry[] = []
    let bytes = 0
    for (const { entries } of [callers, streams]) {
      const staying: Entry[] = []
      let taken = 0
      for (; taken < entries.length && group.length < groupOrdersMax && bytes < groupBytesMax; taken++) {
        const entry = entries[taken] as Entry
        if (entry.isGivenUp) release(entry)
        else if (beingWritten.has(entry.order.orderUid)) staying.push(entry)
        else {
          group.push(entry)
          bytes += entry.order.json.length
        }
      }
      if (taken > 0) entries.splice(0, taken, ...staying)
    }
    for (const { order } of group) beingWritten.add(order.orderUid)
    return group
  }

  /** A database that hangs must not hang its callers: they hear that they may come again. */
  const patience = setInterval(() => {
    const sinceMs = performance.now() - callerPatienceMs
    for (const entry of unsettled) {
      if (entry.submittedAtMs > sinceMs) break
      unsettled.delete(entry)
      fail(entry, new AppError('STORE_UNAVAILABLE', `the order was not stored within ${callerPatienceMs} ms`))
    }
  }, patienceCheckMs)
  patience.unref()

  return {
    async submit(order) {
      if (isClosed) throw stopping()
      if (!hasRoom(callers)) throw new AppError('OVERLOADED', 'too many orders are waiting to be written')
      return (await enqueue(callers, [order]))[0] as Outcome
    },

    async submitAll(orders) {
      // Whoever waits for room is not overtaken by whoever comes later and finds some.
      const before = admission
      const admitted = Promise.withResolvers<void>()
      admission = admitted.promise
      await before
      try {
        const outcomes: Outcome[] = []
        for (let first = 0; first < orders.length; first += groupOrdersMax) {
          while (!hasRoom(streams) && !isClosed) await new Promise<void>(resolve => roomSeekers.push(resolve))
          if (isClosed) throw stopping()
          const submitted = enqueue(streams, orders.slice(first, first + groupOrdersMax))
          if (first + groupOrdersMax >= orders.length) admitted.resolve()
          outcomes.push(...(await submitted))
        }
        return outcomes
      } finally {
        admitted.resolve()
      }
    },

    waiting,

    async close(deadlineMs) {
      isClosed = true
      for (const seeker of roomSeekers.splice(0)) seeker()
      if (waiting() > 0) {
        await new Promise<void>(resolve => {
          closers.push(resolve)
          setTimeout(resolve, deadlineMs).unref()
        })
      }
      clearInterval(patience)
      for (const lane of [callers, streams]) for (const entry of lane.entries.splice(0)) fail(entry, stopping())
      for (const entry of unsettled) fail(entry, stopping())
    },
  }
}

function stopping(): AppError {
  return new AppError('STOPPING', 'the service is stopping')
}
