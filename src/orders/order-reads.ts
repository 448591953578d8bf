import { AppError } from '../errors.ts'

/** How long a read under way is joined by others: what it finds may be as old as it is. */
const joinedForMs = 500

/** Reads of different orders under way at a time; more would only wait for a connection. */
const readsMax = 2_000

/** Reads of orders that are shared: the database is asked once for an order that several callers want at a time. */
export class OrderReads<Found> {
  readonly #read: (orderUid: string) => Promise<Found>
  readonly #running = new Map<string, { startedMs: number; done: Promise<Found> }>()
  #count = 0

  /** @param read reads one order */
  constructor(read: (orderUid: string) => Promise<Found>) {
    this.#read = read
  }

  /** @throws AppError OVERLOADED when too many reads are under way; what `read` throws */
  get(orderUid: string): Promise<Found> {
    const startedMs = performance.now()
    const running = this.#running.get(orderUid)
    if (running !== undefined && startedMs - running.startedMs < joinedForMs) return running.done
    if (this.#count >= readsMax) throw new AppError('OVERLOADED', 'too many orders are being read')
    this.#count += 1
    const done = this.#read(orderUid).finally(() => {
      this.#count -= 1
      if (this.#running.get(orderUid) === started) this.#running.delete(orderUid)
    })
    const started = { startedMs, done }
    this.#running.set(orderUid, started)
    return done
  }

  /** Has the next caller read the order again: it was changed. */
  forget(orderUid: string): void {
    this.#running.delete(orderUid)
  }

  forgetAll(): void {
    this.#running.clear()
  }
}
