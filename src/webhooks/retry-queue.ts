/** An event that waits for its repetition, or behind an earlier one of its order that does. */
export type QueuedRetry = {
  orderUid: string
  sequence: number
  /** How often it was tried. */
  attempts: number
  /** When it is tried again, once it is the first of its order. */
  dueAtMs: number
  /** RFC 3339. */
  recordedAt: string
}

/** An event on its way into the queue. @param attempts how often it was tried */
export function retryOf(
  { orderUid, sequence, recordedAt }: Omit<QueuedRetry, 'attempts' | 'dueAtMs'>,
  attempts: number,
  dueAtMs: number,
): QueuedRetry {
  return { orderUid, sequence, attempts, dueAtMs, recordedAt }
}

/** The parked events of a subscription, as the database has them: of each order the first is tried, the others wait. */
export class RetryQueue {
  /** By order, in the order of their sequence. */
  readonly #byOrder = new Map<string, QueuedRetry[]>()
  /** Orders whose first event is being tried. */
  readonly #tried = new Set<string>()
  #count = 0
  /** Before then nothing is due: thousands of orders need not be looked through for each delivery. */
  #lookAtMs = 0

  get count(): number {
    return this.#count
  }

  /** Whether later events of an order have to wait behind a parked one. */
  holds(orderUid: string): boolean {
    return this.#byOrder.has(orderUid)
  }

  has(orderUid: string, sequence: number): boolean {
    return this.#byOrder.get(orderUid)?.some(event => event.sequence === sequence) === true
  }

  /** Adds an event that the database has got. An event that is there already, read again after a restart, stays as it is. */
  add(event: QueuedRetry): void {
    if (this.has(event.orderUid, event.sequence)) return
    const events = this.#byOrder.get(event.orderUid) ?? []
    this.#byOrder.set(event.orderUid, events)
    const later = events.findIndex(({ sequence }) => sequence > event.sequence)
    events.splice(later < 0 ? events.length : later, 0, event)
    this.#count += 1
    this.#lookAtMs = 0
  }

  /** An event that is due; its order is left alone until `remove` or `postpone`. */
  takeDue(nowMs: number): QueuedRetry | undefined {
    if (nowMs < this.#lookAtMs) return undefined
    let nextMs = Number.POSITIVE_INFINITY
    for (const [orderUid, [first]] of this.#byOrder) {
      if (first === undefined || this.#tried.has(orderUid)) continue
      if (first.dueAtMs <= nowMs) {
        this.#tried.add(orderUid)
        return first
      }
      nextMs = Math.min(nextMs, first.dueAtMs)
    }
    this.#lookAtMs = nextMs
    return undefined
  }

  /** A taken event is delivered or given up; the next of its order is tried as soon as it is due. */
  remove(event: QueuedRetry): void {
    this.#leave(event)
    const events = this.#byOrder.get(event.orderUid)?.filter(other => other !== event) ?? []
    if (events.length === 0) this.#byOrder.delete(event.orderUid)
    else this.#byOrder.set(event.orderUid, events)
    this.#count -= 1
  }

  /** A taken event has failed once more. */
  postpone(event: QueuedRetry, attempts: number, dueAtMs: number): void {
    this.#leave(event)
    event.attempts = attempts
    event.dueAtMs = dueAtMs
  }

  /** The receiver is back: what waited for it is due now. */
  makeDue(nowMs: number): void {
    this.#lookAtMs = 0
    for (const [first] of this.#byOrder.values())
      if (first !== undefined) first.dueAtMs = Math.min(first.dueAtMs, nowMs)
  }

  #leave({ orderUid }: QueuedRetry): void {
    this.#tried.delete(orderUid)
    this.#lookAtMs = 0
  }
}
