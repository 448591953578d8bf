import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { Logger } from '../platform/log.ts'
import { isMistake } from '../platform/mistakes.ts'
import { faultOf, isConnectionLost } from '../platform/postgres.ts'
import type { Tracer } from '../platform/tracing.ts'
import { traceGroup } from './group-tracing.ts'
import { type Entry, fail, settle } from './intake-queues.ts'
import { chooseNew, outcomesOf, type Rejection, sortedByUid } from './placement.ts'
import type { NewOrder } from './new-order.ts'
import { type PlacedOrder, type StoredOrder, saysOrderIsStored } from './queries.ts'
import type { IntakeStore } from './store.ts'

/** How often a group that met a stored order is looked up and written again. More than that is no race but a fault. */
const racesMax = 10

/** A program error that occurs this often is not caused by a broken connection, but by an order. */
const mistakesMax = 2

const backoff: Backoff = { firstMs: 150, maxMs: 2_000 }
/** After a connection that broke. */
const reconnectBackoff: Backoff = { firstMs: 20, maxMs: 200 }

/**
 * Failures after which interactive orders fail, those of broken connections aside: there is a server that takes another connection,
 * so these orders have their whole timeout. Background orders wait through any number.
 */
const interactiveFailuresMax = 5

/**
 * After an order was met that is stored already, this many groups are looked up before they are written. Other groups are
 * written at once: the database refuses one that meets a stored order, and only then it is looked up.
 */
const lookUpsAfterDuplicate = 200

const nothing: ReadonlyMap<string, never> = new Map<string, never>()

type Options = {
  store: IntakeStore
  log: Logger
  now: () => number
  onPlaced: (orders: readonly PlacedOrder[]) => void
  isClosed: () => boolean
  tracer?: Tracer | undefined
}

/** Writes groups of orders. */
export class GroupWriter {
  readonly #options: Options
  /** When the database last did not take a group, by `performance.now()`. */
  failedAtMs = Number.NEGATIVE_INFINITY
  /** While there are no duplicates, looking up what is stored would cost a round trip and a tenth of the database's work. */
  #lookUpsLeft = lookUpsAfterDuplicate

  constructor(options: Options) {
    this.#options = options
  }

  /**
   * Writes a group by one transaction and settles each of its orders, whatever happens. Lost races are run again. An order that
   * the database will never take is found and refused alone. During an outage interactive orders wait for a few attempts and
   * background orders until the intake is closed; broken connections do not count.
   */
  write(group: readonly Entry[]): Promise<void> {
    const { tracer, store } = this.#options
    if (tracer === undefined) return this.#settleAll(group, store)
    return traceGroup(tracer, store, group, traced => this.#settleAll(group, traced))
  }

  async #settleAll(whole: readonly Entry[], store: IntakeStore): Promise<void> {
    let group = whole
    for (let failures = 0, losses = 0, races = 0; group.length > 0; ) {
      try {
        group = await this.#attempt(group, failures + races > 0, store)
      } catch (error) {
        if (saysOrderIsStored(error) && races < racesMax) {
          races += 1
          continue
        }
        if (faultOf(error) !== 'outage') return this.#isolate(group, error, store)
        failures += 1
        this.failedAtMs = performance.now()
        if (isMistake(error) && failures > mistakesMax) return this.#isolate(group, error, store)
        this.#options.log.warn({ err: error, orders: group.length, failures }, 'a group of orders could not be written')
        if (isConnectionLost(error)) losses += 1
        group = await this.#waitForDatabase(group, error, failures, failures - losses >= interactiveFailuresMax)
      }
    }
  }

  /** @returns the orders that are still to be decided on: each has the uid of one that was rejected, and other content */
  async #attempt(group: readonly Entry[], isRepetition: boolean, store: IntakeStore): Promise<Entry[]> {
    const { now, onPlaced } = this.#options
    let stored = await this.#lookUp(group, isRepetition, store)
    const chosen = chooseNew(group, stored, now())
    let written: ReadonlyMap<string, NewOrder> = chosen
    let rejected: ReadonlyMap<string, Rejection> = nothing
    if (chosen.size > 0) {
      const orders = sortedByUid(chosen)
      const placement = await store.place(orders)
      if (placement.placed !== orders) written = new Map(placement.placed.map(order => [order.order.orderUid, order]))
      if (placement.stored.size > 0) stored = new Map([...stored, ...placement.stored])
      rejected = placement.rejected
    }
    const outcomes = outcomesOf(group, stored, written, rejected)
    if (written.size > 0) {
      onPlaced(outcomes.flatMap(outcome => (outcome?.kind === 'placed' ? outcome.order : [])))
    }
    return group.filter((entry, index) => {
      const outcome = outcomes[index]
      if (outcome !== undefined) settle(entry, outcome)
      return outcome === undefined
    })
  }

  async #lookUp(
    group: readonly Entry[],
    isRepetition: boolean,
    store: IntakeStore,
  ): Promise<ReadonlyMap<string, StoredOrder>> {
    if (isRepetition) this.#lookUpsLeft = lookUpsAfterDuplicate
    else if (this.#lookUpsLeft > 0) this.#lookUpsLeft -= 1
    // An order that breaks a newer rule is a duplicate or invalid, depending on whether it is stored.
    const isNeeded = this.#lookUpsLeft > 0 || group.some(({ order }) => order.newViolations !== undefined)
    if (!isNeeded) return nothing
    const stored = await store.findStored(group.map(entry => entry.order.orderUid))
    if (stored.size > 0) this.#lookUpsLeft = lookUpsAfterDuplicate
    return stored
  }

  /** One order that the database will not take must not take its neighbours with it: halves find it quickly. */
  async #isolate(group: readonly Entry[], error: unknown, store: IntakeStore): Promise<void> {
    const [first] = group
    if (group.length === 1 && first !== undefined) return settle(first, { kind: 'refused', error })
    const middle = group.length >> 1
    await this.#settleAll(group.slice(0, middle), store)
    await this.#settleAll(group.slice(middle), store)
  }

  /** Fails the orders that wait no longer, and pauses for the others. @returns these */
  async #waitForDatabase(group: readonly Entry[], error: unknown, failures: number, isAway: boolean): Promise<Entry[]> {
    const isOver = ({ queue }: Entry) => this.#options.isClosed() || (queue === 'interactive' && isAway)
    const unavailable = new AppError('STORE_UNAVAILABLE', 'the order was not stored', { cause: error })
    for (const entry of group) if (isOver(entry)) fail(entry, unavailable)
    const schedule = isConnectionLost(error) ? reconnectBackoff : backoff
    if (group.some(entry => !entry.isGivenUp)) await sleep(backoffMs(schedule, failures, Math.random()))
    return group.filter(entry => !entry.isGivenUp)
  }
}
