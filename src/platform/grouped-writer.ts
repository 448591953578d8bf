import { AppError } from '../errors.ts'
import { type Backoff, backoffMs } from './backoff.ts'
import { isMistake } from './mistakes.ts'
import { faultOf } from './postgres.ts'

/** Requests that come at the same time, written in groups: they share the price of a transaction, its statements and its commit. */
export type GroupedWriter<Request, Result> = Readonly<{
  /**
   * Writes a request with others, never two of one key at a time.
   *
   * @returns its result, when it is durable
   * @throws the error of its outcome, or what the group failed with; AppError OVERLOADED when too many wait; the error of
   *   `busyError` when another transaction has kept the key for too long
   */
  write(request: Request): Promise<Result>
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

/** What became of a request; `busy`: another transaction has its key, and the request is tried again later. */
export type Outcome<Result> =
  | Readonly<{ kind: 'done'; result: Result }>
  | Readonly<{ kind: 'failed'; error: unknown }>
  | Readonly<{ kind: 'busy' }>

export type GroupedWriterOptions<Request, Result> = Readonly<{
  /** What the writer writes, such as `changes of payments`; for errors. */
  what: string
  /** What a request changes, such as the order's uid. */
  keyOf: (request: Request) => string
  /**
   * Writes a group in one transaction, each key once. It may be called again with a part of the group when it throws.
   *
   * @returns an outcome for each request, in their order, after the commit
   * @throws the database's error: the transaction was rolled back, or it is not known whether it was committed
   */
  writeGroup: (requests: readonly Request[]) => Promise<readonly Outcome<Result>[]>
  /** The most requests in a group, and how many groups are written at a time. */
  groupMax: number
  writersMax: number
  /** The fewest requests for which a group is begun beside one that is being written; `groupMax` unless given. */
  besideMin?: number
  /** The most requests that are held. */
  waitingMax: number
  /** The error of a request whose key was busy for `busyTimeoutMs`. */
  busyError: () => Error
  busyTimeoutMs?: number
}>

/** Between attempts at a key that another transaction has. */
const busyBackoff: Backoff = { firstMs: 5, maxMs: 250 }
const busyTimeoutDefaultMs = 3_000

type Task<Request, Result> = {
  readonly request: Request
  readonly key: string
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
  /** When the key was first found busy, by `performance.now()`, and how often. */
  busySinceMs: number | undefined
  failures: number
}

/**
 * Makes a writer. A group is formed at the end of a turn of the event loop, or when one before it is done; beside one that is being
 * written only when it is large. When the database refuses the values of a group, or its code meets a bug, each request is written alone,
 * so that it takes no other with it.
 */
export function createGroupedWriter<Request, Result>(
  options: GroupedWriterOptions<Request, Result>,
): GroupedWriter<Request, Result> {
  return new Groups(options)
}

class Groups<Request, Result> implements GroupedWriter<Request, Result> {
  readonly #options: GroupedWriterOptions<Request, Result>
  readonly #waiting: Task<Request, Result>[] = []
  /** The keys of the groups under way: another request for one of them waits for the next. */
  readonly #underWay = new Set<string>()
  /** Those that wait, are being written, or pause because their key is busy. */
  #open = 0
  #writers = 0
  #isStartDue = false
  #onIdle: (() => void)[] = []

  constructor(options: GroupedWriterOptions<Request, Result>) {
    this.#options = options
  }

  write(request: Request): Promise<Result> {
    const { waitingMax, what, keyOf } = this.#options
    if (this.#open >= waitingMax) throw new AppError('OVERLOADED', `too many ${what} are waiting`)
    this.#open += 1
    return new Promise((resolve, reject) => {
      this.#enqueue({
        request,
        key: keyOf(request),
        resolve: result => {
          this.#settled()
          resolve(result)
        },
        reject: error => {
          this.#settled()
          reject(error)
        },
        busySinceMs: undefined,
        failures: 0,
      })
    })
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#open === 0) return
    await new Promise<void>(resolve => {
      this.#onIdle.push(resolve)
      setTimeout(resolve, deadlineMs).unref()
    })
  }

  #settled(): void {
    this.#open -= 1
    if (this.#open === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #enqueue(task: Task<Request, Result>): void {
    this.#waiting.push(task)
    if (this.#isStartDue || !this.#isWriterDue()) return
    // At the end of this turn of the event loop, so that all requests that it read are in one group.
    this.#isStartDue = true
    setImmediate(() => {
      this.#isStartDue = false
      while (this.#isWriterDue()) {
        const group = this.#takeGroup()
        if (group.length === 0) break
        this.#writers += 1
        void this.#writeAll(group)
      }
    })
  }

  /** Another group beside one under way must be large: two small ones cost nearly twice as much as one. */
  #isWriterDue(): boolean {
    const { writersMax, groupMax, besideMin = groupMax } = this.#options
    return this.#writers === 0 || (this.#writers < writersMax && this.#waiting.length >= besideMin)
  }

  /** Takes what is written next, each key once. */
  #takeGroup(): Task<Request, Result>[] {
    const group: Task<Request, Result>[] = []
    const staying: Task<Request, Result>[] = []
    let looked = 0
    for (const task of this.#waiting) {
      if (group.length === this.#options.groupMax) break
      looked += 1
      if (this.#underWay.has(task.key)) staying.push(task)
      else {
        this.#underWay.add(task.key)
        group.push(task)
      }
    }
    this.#waiting.splice(0, looked, ...staying)
    return group
  }

  async #writeAll(first: Task<Request, Result>[]): Promise<void> {
    for (let group = first; group.length > 0; group = this.#takeGroup()) {
      await this.#settle(group)
      for (const { key } of group) this.#underWay.delete(key)
    }
    this.#writers -= 1
  }

  /** Settles every request of a group, whatever happens. */
  async #settle(group: readonly Task<Request, Result>[]): Promise<void> {
    try {
      const outcomes = await this.#options.writeGroup(group.map(({ request }) => request))
      if (outcomes.length !== group.length) throw new Error('a group has an outcome for each of its requests')
      for (const [index, task] of group.entries()) this.#apply(task, outcomes[index])
    } catch (error) {
      if (group.length > 1 && (isMistake(error) || faultOf(error) === 'data')) {
        for (const task of group) await this.#settle([task])
      } else for (const task of group) task.reject(error)
    }
  }

  #apply(task: Task<Request, Result>, outcome: Outcome<Result> | undefined): void {
    if (outcome?.kind === 'done') task.resolve(outcome.result)
    else if (outcome?.kind === 'failed') task.reject(outcome.error)
    else this.#tryLater(task)
  }

  /** Another transaction has the key: nothing of this service waits for it. */
  #tryLater(task: Task<Request, Result>): void {
    const { busyTimeoutMs = busyTimeoutDefaultMs, busyError } = this.#options
    const nowMs = performance.now()
    task.busySinceMs ??= nowMs
    if (nowMs - task.busySinceMs > busyTimeoutMs) {
      task.reject(busyError())
      return
    }
    task.failures += 1
    setTimeout(() => this.#enqueue(task), backoffMs(busyBackoff, task.failures, Math.random()))
  }
}
