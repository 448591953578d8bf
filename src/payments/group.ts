import { AppError } from '../errors.ts'
import { lockOrders } from '../orders/order-locks.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { KeptAnswer } from '../platform/idempotency/queries.ts'
import { isMistake } from '../platform/mistakes.ts'
import { faultOf, type Pool, violatedKey, withConnection } from '../platform/postgres.ts'
import type { Changes, OrderPayments } from './changes.ts'
import { loadPayments } from './load.ts'
import { type Cause, type ChangedOrder, type DecidedChanges, saveAndCommit } from './save.ts'

/**
 * The one way to change payments. Requests that come at the same time are decided and saved in groups, each by one transaction, so that
 * many share the price of a commit and of its statements.
 */
export type PaymentWriter = Readonly<{
  /**
   * Locks an order, loads its payments, decides, and saves what was decided.
   *
   * @returns what was decided, when it is durable
   * @throws what `decide` throws; AppError ORDER_LOCKED when another transaction keeps the order, OVERLOADED; the database's error, after
   *   which it is not known whether it was saved
   */
  change<Result>(request: ChangeRequest<Result>): Promise<Result>
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

export type ChangeRequest<Result> = Readonly<{
  orderUid: string
  /**
   * Decides by the order with its payments; undefined when it is not stored. Called again when the transaction is repeated, so it must
   * be pure.
   *
   * @param nowMs milliseconds since 1970
   */
  decide(before: OrderPayments | undefined, nowMs: number): Decision<Result>
}>

export type Decision<Result> = Readonly<{
  result: Result
  /** Undefined: nothing is changed. */
  changes?: Changes | undefined
  cause?: Cause | undefined
  /** The answer to the request that caused it, which is stored with it. */
  keep?: KeptAnswer | undefined
}>

type Options = Readonly<{
  pool: Pool
  now: () => number
  /** How long unpaid orders wait; undefined: for ever. */
  expiresAfterMs: number | undefined
  /** Called after the commit, before the senders know. */
  onCommitted: (decided: readonly DecidedChanges[], changed: readonly ChangedOrder[]) => void
}>

/** The most orders that one transaction handles, and how many transactions there are at a time. */
const groupOrdersMax = 64
const writersMax = 2
/** The most requests that wait. */
const waitingMax = 2_000

/** How long an order is tried that another transaction has locked, and how often. */
const lockTimeoutMs = 3_000
const lockBackoff: Backoff = { firstMs: 5, maxMs: 250 }

type Task = {
  readonly request: ChangeRequest<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  /** When the order was first found locked, by `performance.now()`, and how often. */
  lockedSinceMs: number | undefined
  failures: number
}

export function createPaymentWriter(options: Options): PaymentWriter {
  return new GroupedWriter(options)
}

class GroupedWriter implements PaymentWriter {
  readonly #options: Options
  readonly #waiting: Task[] = []
  /** The orders of the transactions under way: another change of one of them waits for the next. */
  readonly #beingChanged = new Set<string>()
  /** Those that wait, are being written, or pause because their order is locked. */
  #open = 0
  #writers = 0
  #isStartDue = false
  #onIdle: (() => void)[] = []

  constructor(options: Options) {
    this.#options = options
  }

  change<Result>(request: ChangeRequest<Result>): Promise<Result> {
    if (this.#open >= waitingMax) throw new AppError('OVERLOADED', 'too many changes of payments are waiting')
    this.#open += 1
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#enqueue({ request, resolve, reject, lockedSinceMs: undefined, failures: 0 })
    return promise.finally(() => this.#close()) as Promise<Result>
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#open === 0) return
    await new Promise<void>(resolve => {
      this.#onIdle.push(resolve)
      setTimeout(resolve, deadlineMs).unref()
    })
  }

  #close(): void {
    this.#open -= 1
    if (this.#open === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #enqueue(task: Task): void {
    this.#waiting.push(task)
    if (this.#isStartDue || this.#writers >= writersMax) return
    // At the end of this turn of the event loop, so that all requests that it read are in one group.
    this.#isStartDue = true
    setImmediate(() => {
      this.#isStartDue = false
      while (this.#writers < writersMax) {
        const group = this.#takeGroup()
        if (group.length === 0) break
        this.#writers += 1
        void this.#write(group)
      }
    })
  }

  /** Takes what is changed next, each order once. */
  #takeGroup(): Task[] {
    const group: Task[] = []
    const staying: Task[] = []
    let looked = 0
    for (; looked < this.#waiting.length && group.length < groupOrdersMax; looked++) {
      const task = this.#waiting[looked] as Task
      const { orderUid } = task.request
      if (this.#beingChanged.has(orderUid)) staying.push(task)
      else {
        this.#beingChanged.add(orderUid)
        group.push(task)
      }
    }
    this.#waiting.splice(0, looked, ...staying)
    return group
  }

  async #write(first: Task[]): Promise<void> {
    for (let group = first; group.length > 0; group = this.#takeGroup()) {
      await this.#settle(group)
      for (const { request } of group) this.#beingChanged.delete(request.orderUid)
    }
    this.#writers -= 1
  }

  /** Settles every task of a group, whatever happens. What the database refuses is found alone, so that it takes no other with it. */
  async #settle(group: readonly Task[]): Promise<void> {
    try {
      await this.#attempt(group)
    } catch (error) {
      if (group.length > 1 && (isMistake(error) || faultOf(error) === 'data')) {
        for (const task of group) await this.#settle([task])
      } else for (const task of group) task.reject(explain(error))
    }
  }

  async #attempt(group: readonly Task[]): Promise<void> {
    const { pool, now, onCommitted, expiresAfterMs } = this.#options
    const tasks = new Map(group.map(task => [task.request.orderUid, task]))
    const { saved, changed, busy, settle } = await withConnection(pool, async client => {
      await client.query(begin)
      const { locked, busy } = await lockOrders(client, [...tasks.keys()].toSorted())
      const isBusy = new Set(busy)
      const loaded = new Map((await loadPayments(client, locked)).map(before => [before.order.orderUid, before]))
      const nowMs = now()
      const free = [...tasks.values()].filter(({ request }) => !isBusy.has(request.orderUid))
      const decided = free.map(task => decide(task, loaded.get(task.request.orderUid), nowMs))
      const saved = decided.flatMap(({ saved }) => saved ?? [])
      const kept = decided.flatMap(({ keep }) => keep ?? [])
      const changed = await saveAndCommit(client, saved, kept, expiresAfterMs)
      return { saved, changed, busy, settle: decided.map(({ settle }) => settle) }
    })
    onCommitted(saved, changed)
    for (const settleOne of settle) settleOne()
    for (const orderUid of busy) this.#tryLater(tasks.get(orderUid) as Task)
  }

  /** Another transaction has the order: nothing of this one waits for it. */
  #tryLater(task: Task): void {
    const nowMs = performance.now()
    task.lockedSinceMs ??= nowMs
    if (nowMs - task.lockedSinceMs > lockTimeoutMs) {
      task.reject(new AppError('ORDER_LOCKED', 'another transaction has the order'))
      return
    }
    task.failures += 1
    setTimeout(() => this.#enqueue(task), backoffMs(lockBackoff, task.failures, Math.random()))
  }
}

/**
 * Every statement of the transaction finds its rows by key. Of a table without statistics, which a young one is, the planner would read
 * all of it for a list of keys: at 20,000 payments that took a third of the database's time.
 */
const begin = 'begin isolation level read committed; set local enable_seqscan = off'

type DecidedTask = { settle: () => void; saved?: DecidedChanges; keep?: KeptAnswer | undefined }

/** What `decide` throws is the outcome of its own request only. */
function decide({ request, resolve, reject }: Task, before: OrderPayments | undefined, nowMs: number): DecidedTask {
  try {
    const { result, changes, cause = noCause, keep } = request.decide(before, nowMs)
    const settle = () => resolve(result)
    if (before === undefined || changes === undefined) return { settle, keep }
    return { settle, keep, saved: { before, changes, cause, decidedAtMs: nowMs } }
  } catch (error) {
    return { settle: () => reject(error) }
  }
}

const noCause: Cause = { actor: 'payments' }

/** The key of the answers to requests with an Idempotency-Key. */
const answersKey = 'idempotency_answers_pkey'

function explain(error: unknown): unknown {
  if (violatedKey(error) !== answersKey) return error
  return new AppError('IDEMPOTENCY_KEY_IN_USE', 'a request with this Idempotency-Key came first', { cause: error })
}
