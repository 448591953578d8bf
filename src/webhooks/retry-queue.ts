import { type StreamName, streamKey } from '../events/stream-definition.ts'

/** An event that waits for its repetition, or behind an earlier one of its stream that does. */
export type QueuedRetry = StreamName & {
  sequence: number
  /** How often it was tried. */
  attempts: number
  /** When it is tried again, once it is the first of its stream. */
  dueAtMs: number
  /** RFC 3339. */
  recordedAt: string
}

/** An event on its way into the queue. @param attempts how often it was tried */
export function retryOf(
  { streamType, streamId, sequence, recordedAt }: Omit<QueuedRetry, 'attempts' | 'dueAtMs'>,
  attempts: number,
  dueAtMs: number,
): QueuedRetry {
  return { streamType, streamId, sequence, attempts, dueAtMs, recordedAt }
}

/** The events of a subscription that are to be repeated, as the database has them: of each stream the first is tried, the others wait. */
export class RetryQueue {
  /** By stream, in the order of their sequence. */
  readonly #byStream = new Map<string, QueuedRetry[]>()
  /** Streams whose first event is being tried. */
  readonly #tried = new Set<string>()
  #count = 0
  /** Before then nothing is due: thousands of streams need not be looked through for each delivery. */
  #lookAtMs = 0

  get count(): number {
    return this.#count
  }

  /** Whether later events of a stream have to wait behind a queued one. */
  holds(stream: StreamName): boolean {
    return this.#byStream.has(streamKey(stream))
  }

  has(stream: StreamName, sequence: number): boolean {
    return this.#byStream.get(streamKey(stream))?.some(event => event.sequence === sequence) === true
  }

  /** Adds an event that the database has. One that is there already, read again after a restart, stays as it is. */
  add(event: QueuedRetry): void {
    if (this.has(event, event.sequence)) return
    const key = streamKey(event)
    const events = this.#byStream.get(key) ?? []
    this.#byStream.set(key, events)
    const later = events.findIndex(({ sequence }) => sequence > event.sequence)
    events.splice(later < 0 ? events.length : later, 0, event)
    this.#count += 1
    this.#lookAtMs = 0
  }

  /** Takes an event that is due; its stream is left alone until `remove` or `postpone`. */
  takeDue(nowMs: number): QueuedRetry | undefined {
    if (nowMs < this.#lookAtMs) return undefined
    let nextMs = Number.POSITIVE_INFINITY
    for (const [key, [first]] of this.#byStream) {
      if (first === undefined || this.#tried.has(key)) continue
      if (first.dueAtMs <= nowMs) {
        this.#tried.add(key)
        return first
      }
      nextMs = Math.min(nextMs, first.dueAtMs)
    }
    this.#lookAtMs = nextMs
    return undefined
  }

  /** Removes a taken event, delivered or given up; the next of its stream is tried as soon as it is due. */
  remove(event: QueuedRetry): void {
    this.#release(event)
    const key = streamKey(event)
    const events = this.#byStream.get(key)?.filter(other => other !== event) ?? []
    if (events.length === 0) this.#byStream.delete(key)
    else this.#byStream.set(key, events)
    this.#count -= 1
  }

  /** Puts back a taken event that has failed once more. */
  postpone(event: QueuedRetry, attempts: number, dueAtMs: number): void {
    this.#release(event)
    event.attempts = attempts
    event.dueAtMs = dueAtMs
  }

  /** Makes everything due now: the receiver is back. */
  makeDue(nowMs: number): void {
    this.#lookAtMs = 0
    for (const [first] of this.#byStream.values())
      if (first !== undefined) first.dueAtMs = Math.min(first.dueAtMs, nowMs)
  }

  #release(event: QueuedRetry): void {
    this.#tried.delete(streamKey(event))
    this.#lookAtMs = 0
  }
}
