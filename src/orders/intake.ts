import { AppError } from '../errors.ts'
import type { Logger } from '../platform/log.ts'
import { faultOf } from '../platform/postgres.ts'
import { decide, type Outcome } from './placing.ts'
import type { NewOrder } from './queries.ts'
import type { ValidOrder } from './validate.ts'

/**
 * The one way in for orders, from whatever source. Orders that wait are written in groups, each by one transaction, so
 * that many share the price of a commit; nobody hears of an order's fate before that commit.
 */

/** What the intake needs from the database. */
export type IntakeStore = {
  findDocuments(orderUids: readonly string[]): Promise<Map<string, string>>
  /** Writes all or nothing, durably. */
  place(orders: readonly NewOrder[]): Promise<void>
}

export type IntakeOptions = {
  store: IntakeStore
  log: Logger
  now: () => number
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
  /** How long a group is tried again while the database is away, in milliseconds. */
  outageToleranceMs?: number
}

export type Intake = {
  /**
   * Submits one order for which somebody waits.
   *
   * @throws AppError OVERLOADED when too much is waiting, STORE_UNAVAILABLE when the database stays away, STOPPING. In
   *   all three the order may be submitted again.
   */
  submit(order: ValidOrder): Promise<Outcome>
  /**
   * Submits orders from a source that can be held up: waits for room instead of refusing, and goes behind the orders for
   * which somebody waits.
   *
   * @returns the outcomes in the order of the orders
   * @throws AppError STORE_UNAVAILABLE, STOPPING; some of the orders may have been placed then
   */
  submitAll(orders: readonly ValidOrder[]): Promise<Outcome[]>
  /** How many orders wait or are being written. */
  waiting(): number
  /** Takes no more orders, and resolves when those that wait are written. */
  close(): Promise<void>
}

type Waiting = {
  order: ValidOrder
  lane: Lane
  settle: (outcome: Outcome) => void
  fail: (error: AppError) => void
}

/** A queue with its bounds; what is being written still counts, since its memory is still held. */
type Lane = { entries: Waiting[]; orders: number; bytes: number }

/** Lost races are as good as never met twice in a row; whoever meets so many is not racing but failing. */
const racesMax = 10

export function createIntake(options: IntakeOptions): Intake {
  const {
    store,
    log,
    now,
    onPlaced,
    onGroup = () => undefined,
    groupOrdersMax = 2_000,
    groupBytesMax = 4 * 1024 * 1024,
    writersMax = 2,
    waitingOrdersMax = 10_000,
    waitingBytesMax = 64 * 1024 * 1024,
    outageToleranceMs = 5_000,
  } = options

  /** Somebody waits for each of these, so they go first. */
  const callers: Lane = { entries: [], orders: 0, bytes: 0 }
  const streams: Lane = { entries: [], orders: 0, bytes: 0 }
  /** Uids that a running transaction is writing: their like wait for it, or the two would block each other. */
  const beingWritten = new Set<string>()
  let writers = 0
  let isWakeUpDue = false
  let isClosed = false
  const roomSeekers: (() => void)[] = []
  const closers: (() => void)[] = []

  const waiting = () => callers.orders + streams.orders
  const hasRoom = (lane: Lane) => lane.orders < waitingOrdersMax && lane.bytes < waitingBytesMax

  function enqueueAndWait(lane: Lane, order: ValidOrder): Promise<Outcome> {
    lane.orders += 1
    lane.bytes += order.json.length
    wakeUp()
    return new Promise((settle, fail) => lane.entries.push({ order, lane, settle, fail }))
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

  async function write(first: Waiting[]): Promise<void> {
    for (let group = first; group.length > 0; group = takeGroup()) {
      const startedMs = now()
      await writeGroup(group)
      for (const { order, lane } of group) {
        beingWritten.delete(order.document.order_uid)
        lane.orders -= 1
        lane.bytes -= order.json.length
      }
      onGroup({ orders: group.length, durationMs: now() - startedMs })
      for (const seeker of roomSeekers.splice(0)) seeker()
    }
    writers -= 1
    if (waiting() > 0) wakeUp()
    else if (writers === 0) for (const closer of closers.splice(0)) closer()
  }

  /** The orders of the next transaction, each uid's like together; what another transaction is writing stays. */
  function takeGroup(): Waiting[] {
    const group: Waiting[] = []
    let bytes = 0
    for (const { entries } of [callers, streams]) {
      const staying: Waiting[] = []
      let taken = 0
      for (; taken < entries.length && group.length < groupOrdersMax && bytes < groupBytesMax; taken++) {
        const entry = entries[taken] as Waiting
        if (beingWritten.has(entry.order.document.order_uid)) staying.push(entry)
        else {
          group.push(entry)
          bytes += entry.order.json.length
        }
      }
      if (taken > 0) entries.splice(0, taken, ...staying)
    }
    for (const { order } of group) beingWritten.add(order.document.order_uid)
    return group
  }

  /** Settles every order of the group, whatever happens. */
  async function writeGroup(group: Waiting[]): Promise<void> {
    const giveUpAtMs = now() + outageToleranceMs
    for (let failures = 0, races = 0; ; ) {
      try {
        await attempt(group)
        return
      } catch (error) {
        const fault = faultOf(error)
        if (fault === 'taken' && races < racesMax) {
          races += 1
          continue
        }
        if (fault === 'data') {
          await isolate(group, error)
          return
        }
        log.warn({ err: error, orders: group.length, failures }, 'a group of orders could not be written')
        if (now() >= giveUpAtMs || isClosed) {
          const unavailable = new AppError('STORE_UNAVAILABLE', 'the order was not stored', { cause: error })
          for (const entry of group) entry.fail(unavailable)
          return
        }
        await new Promise(resolve => setTimeout(resolve, Math.min(50 * 2 ** failures, 1_000)))
        failures += 1
      }
    }
  }

  async function attempt(group: Waiting[]): Promise<void> {
    const uids = group.map(entry => entry.order.document.order_uid)
    const stored = await store.findDocuments(uids)
    const { fresh, outcomes } = decide(group, stored, now())
    if (fresh.length > 0) {
      await store.place(fresh)
      onPlaced(fresh)
    }
    for (let index = 0; index < group.length; index++) group[index]?.settle(outcomes[index] as Outcome)
  }

  /** One order that the database will not take must not take its neighbours with it: halves find it quickly. */
  async function isolate(group: Waiting[], error: unknown): Promise<void> {
    if (group.length === 1) {
      group[0]?.settle({ kind: 'refused', error })
      return
    }
    const middle = group.length >> 1
    await writeGroup(group.slice(0, middle))
    await writeGroup(group.slice(middle))
  }

  return {
    submit(order) {
      if (isClosed) return Promise.reject(new AppError('STOPPING', 'the service is stopping'))
      if (!hasRoom(callers))
        return Promise.reject(new AppError('OVERLOADED', 'too many orders are waiting to be written'))
      return enqueueAndWait(callers, order)
    },

    async submitAll(orders) {
      const outcomes: Outcome[] = []
      for (let first = 0; first < orders.length; first += groupOrdersMax) {
        while (!hasRoom(streams) && !isClosed) await new Promise<void>(resolve => roomSeekers.push(resolve))
        if (isClosed) throw new AppError('STOPPING', 'the service is stopping')
        const portion = orders.slice(first, first + groupOrdersMax)
        outcomes.push(...(await Promise.all(portion.map(order => enqueueAndWait(streams, order)))))
      }
      return outcomes
    },

    waiting,

    async close() {
      isClosed = true
      for (const seeker of roomSeekers.splice(0)) seeker()
      if (waiting() > 0) await new Promise<void>(resolve => closers.push(resolve))
    },
  }
}
