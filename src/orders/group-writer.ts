import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { Logger } from '../platform/log.ts'
import { isMistake } from '../platform/mistakes.ts'
import { faultOf } from '../platform/postgres.ts'
import type { Tracer } from '../platform/tracing.ts'
import { traceGroup } from './group-tracing.ts'
import { decide, type Outcome } from './placement.ts'
import type { NewOrder } from './queries.ts'
import type { ValidOrder } from './validate.ts'

/** What the intake needs from the database. */
export type IntakeStore = {
  findDocuments(orderUids: readonly string[]): Promise<Map<string, string>>
  /** Writes all or nothing, durably. */
  place(orders: readonly NewOrder[]): Promise<void>
}

/** Orders that were submitted together; whoever submitted them hears of all at once. */
export type Submission = {
  outcomes: Outcome[]
  /** How many have no outcome yet. */
  open: number
  resolve: (outcomes: Outcome[]) => void
  reject: (error: AppError) => void
}

/** An order on its way into the database. */
export type Entry = {
  order: ValidOrder
  /** Whether somebody waits for just this order; the others come from streams, which can wait. */
  isCaller: boolean
  submission: Submission
  index: number
  submittedAtMs: number
  /** Whoever waited has been told that it was not stored; it is not written any more unless that has begun. */
  isGivenUp: boolean
}

/** Lost races are as good as never met twice in a row; whoever meets so many is not racing but in the way of old rows. */
const racesMax = 10

/** An error of a program that comes again so often is not one of a connection that just broke: some order causes it. */
const mistakesMax = 2

const backoff: Backoff = { firstMs: 150, maxMs: 2_000 }

/** Callers are kept waiting through so many attempts; a stream's orders through all. */
const callerAttemptsMax = 5

/**
 * After an order was met that is stored already, so many groups are looked up before they are written. Without it, writing
 * them tells: the database refuses the group, and it is looked up then.
 */
const suspicionGroups = 200

const nothing: ReadonlyMap<string, string> = new Map()

export function settle({ submission, index }: Entry, outcome: Outcome): void {
  submission.outcomes[index] = outcome
  submission.open -= 1
  if (submission.open === 0) submission.resolve(submission.outcomes)
}

export function fail(entry: Entry, error: AppError): void {
  entry.isGivenUp = true
  entry.submission.reject(error)
}

/**
 * Makes the function that writes a group of orders by one transaction and settles each of them, whatever happens: lost races
 * are run again; an order that the database will never take is found and refused alone; an outage is waited for, by callers
 * for a few attempts and by streams until the intake is closed.
 */
export function createGroupWriter(options: {
  store: IntakeStore
  log: Logger
  now: () => number
  onPlaced: (orders: readonly NewOrder[]) => void
  isClosed: () => boolean
  tracer?: Tracer | undefined
}): (group: readonly Entry[]) => Promise<void> {
  const { log, now, onPlaced, isClosed, tracer } = options

  /** While nobody repeats himself, asking first what is stored is a round trip and a tenth of the database's work in vain. */
  let suspiciousGroups = suspicionGroups

  async function attempt(group: readonly Entry[], isRepetition: boolean, store: IntakeStore): Promise<void> {
    if (isRepetition) suspiciousGroups = suspicionGroups
    else if (suspiciousGroups > 0) suspiciousGroups -= 1
    // Whether an order that breaks a newer rule is stored already decides what it is.
    const isAsked = suspiciousGroups > 0 || group.some(({ order }) => order.newViolations !== undefined)
    const stored = isAsked ? await store.findDocuments(group.map(entry => entry.order.orderUid)) : nothing
    if (stored.size > 0) suspiciousGroups = suspicionGroups
    const { fresh, outcomes } = decide(group, stored, now())
    if (fresh.length > 0) {
      await store.place(fresh)
      onPlaced(fresh)
    }
    group.forEach((entry, index) => {
      settle(entry, outcomes[index] as Outcome)
    })
  }

  /** One order that the database will not take must not take its neighbours with it: halves find it quickly. */
  async function isolate(group: readonly Entry[], error: unknown, store: IntakeStore): Promise<void> {
    const [first] = group
    if (group.length === 1 && first !== undefined) return settle(first, { kind: 'refused', error })
    const middle = group.length >> 1
    await writeGroup(group.slice(0, middle), store)
    await writeGroup(group.slice(middle), store)
  }

  async function writeGroup(whole: readonly Entry[], store: IntakeStore): Promise<void> {
    let group = whole
    for (let failures = 0, races = 0; group.length > 0; ) {
      try {
        return await attempt(group, failures + races > 0, store)
      } catch (error) {
        const fault = faultOf(error)
        if (fault === 'taken' && races < racesMax) {
          races += 1
          continue
        }
        if (fault !== 'outage') return isolate(group, error, store)
        failures += 1
        if (isMistake(error) && failures > mistakesMax) return isolate(group, error, store)
        log.warn({ err: error, orders: group.length, failures }, 'a group of orders could not be written')
        const isHopeless = (entry: Entry) => isClosed() || (entry.isCaller && failures >= callerAttemptsMax)
        const unavailable = new AppError('STORE_UNAVAILABLE', 'the order was not stored', { cause: error })
        for (const entry of group) if (isHopeless(entry)) fail(entry, unavailable)
        if (group.some(entry => !entry.isGivenUp)) await sleep(backoffMs(backoff, failures, Math.random()))
        group = group.filter(entry => !entry.isGivenUp)
      }
    }
  }

  if (tracer === undefined) return group => writeGroup(group, options.store)
  return group => traceGroup(tracer, options.store, group, store => writeGroup(group, store))
}
