import { AppError } from '../errors.ts'
import { memoryBudget } from '../platform/memory-budget.ts'
import { type Checkpoint, compareCheckpoints, encodeCursor } from './checkpoint.ts'
import { type FedEvent, type FedPage, sizeOf } from './fed-event.ts'
import type { EventFeed } from './feed.ts'
import { isWanted, type Wanted } from './log-search.ts'

/**
 * Keeps a quiet stream alive, so that no proxy takes it for dead. A comment without an empty line behind it: that
 * would end a message, and some clients hand on one without data.
 */
const heartbeatMs = 15_000
const heartbeat = new TextEncoder().encode(': alive\n')

/** A reader that leaves what is there for this long is cut off: it can come back with the last id that it has. */
const readerTakesWithinMs = 30_000

/** What is on its way to one reader at a time, but for an event that is larger by itself. */
const chunkBytesMax = 16 * 1024

/** What a stream takes of the memory budget while it is open: a chunk, which most have not, and its state, which is about as much. */
const streamBytes = chunkBytesMax

/** A reader that takes nothing for this long keeps none of the log in memory; what comes next is read again. */
const letGoMs = 1_000

/**
 * The log from a checkpoint on as server-sent events, without end. What is not taken is not read ahead: a slow reader costs a
 * checkpoint, not memory.
 *
 * @param after the checkpoint of the last event that the reader has
 * @param filter which events it wants
 * @param takeDeadlineMs how long a reader may leave what is there before it is cut off
 * @param quietMs how long without an event there is no heartbeat
 * @throws AppError OVERLOADED when as many streams are open as the memory budget has room for
 */
export function streamEvents(
  feed: EventFeed,
  after: Checkpoint,
  filter: Wanted,
  takeDeadlineMs = readerTakesWithinMs,
  quietMs = heartbeatMs,
): Response {
  if (!memoryBudget.acquire('streams', streamBytes)) throw new AppError('OVERLOADED', 'too many streams are open')
  const reader = new StreamReader(feed, after, filter, quietMs)
  let letGo: ReturnType<typeof setTimeout> | undefined
  let cutOff: ReturnType<typeof setTimeout> | undefined
  const stopTimers = () => {
    clearTimeout(letGo)
    clearTimeout(cutOff)
  }
  const end = () => {
    stopTimers()
    reader.end()
  }
  return responseOf({
    start(controller) {
      // The head of the answer goes out at once, so that a client knows that it is connected.
      controller.enqueue(new TextEncoder().encode(`retry: 1000\nid: ${encodeCursor(after)}\n: connected\n\n`))
    },
    async pull(controller) {
      stopTimers()
      const chunk = await reader.next().catch(() => undefined)
      if (chunk === undefined) {
        end()
        controller.close()
        return
      }
      controller.enqueue(chunk)
      letGo = setTimeout(() => reader.letGo(), letGoMs)
      cutOff = setTimeout(() => {
        end()
        // It finds a whole stream's end behind what it has left, and a connection that it never reads is closed as idle.
        controller.close()
      }, takeDeadlineMs)
    },
    cancel: end,
  })
}

/** A stream of which nothing is made before the reader has taken what was made before. */
function responseOf(source: {
  start(controller: ReadableStreamDefaultController<Uint8Array>): void
  pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void>
  cancel(): void
}): Response {
  return new Response(new ReadableStream<Uint8Array>(source, { highWaterMark: 0 }), {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      vary: 'accept',
      'x-accel-buffering': 'no',
    },
  })
}

/** What one stream has been sent, and what comes next. */
class StreamReader {
  readonly #feed: EventFeed
  readonly #filter: Wanted
  readonly #quietMs: number
  readonly #leave: () => void
  #checkpoint: Checkpoint
  /** What is read and not yet sent. */
  #page: FedPage
  #isOver = false
  /** An event on its way that is larger than what `streamBytes` allows for. */
  #large: Uint8Array | undefined

  constructor(feed: EventFeed, after: Checkpoint, filter: Wanted, quietMs: number) {
    this.#feed = feed
    this.#filter = filter
    this.#quietMs = quietMs
    this.#checkpoint = after
    this.#page = { events: [], checkpoint: after }
    this.#leave = feed.follow()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#leave()
    this.#releaseLarge()
    memoryBudget.release('streams', streamBytes)
  }

  /** Keeps nothing in memory; what comes next is read again. */
  letGo(): void {
    this.#page = { events: [], checkpoint: this.#checkpoint }
  }

  /** The next events that the reader wants, or a heartbeat; undefined at the end, and where there is no room for an event. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#releaseLarge()
    const chunk = await this.#find()
    // A reader that is cut off for want of room comes back with the last id that it has.
    return chunk === undefined || this.#isOver || !this.#hold(chunk) ? undefined : chunk
  }

  async #find(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { arrived, ended, throttle } = this.#feed
    const dueAtMs = performance.now() + this.#quietMs
    while (!ended.aborted && !this.#isOver) {
      const seen = arrived.seen()
      if (this.#page.events.length === 0) this.#page = await this.#read()
      const hasMoved = this.#page.events.length > 0 || compareCheckpoints(this.#page.checkpoint, this.#checkpoint) > 0
      const wanted = this.#takeChunk()
      if (wanted.length > 0) {
        await throttle.acquire(sizeOf(wanted), ended)
        return concat(wanted)
      }
      if (performance.now() > dueAtMs) return heartbeat
      if (hasMoved) continue
      await arrived.next(seen, ended)
    }
    return undefined
  }

  /** Takes a chunk out of the memory budget. @returns whether there is room for it */
  #hold(chunk: Uint8Array): boolean {
    if (chunk.byteLength <= chunkBytesMax) return true
    if (!memoryBudget.acquireShared('answers', chunk)) return false
    this.#large = chunk
    return true
  }

  #releaseLarge(): void {
    if (this.#large !== undefined) memoryBudget.releaseShared('answers', this.#large)
    this.#large = undefined
  }

  async #read(): Promise<FedPage> {
    return this.#feed.after(this.#checkpoint) ?? this.#feed.older(this.#checkpoint, this.#filter)
  }

  /** Takes as much of the page as is sent at a time. */
  #takeChunk(): FedEvent[] {
    const { events, checkpoint } = this.#page
    const wanted: FedEvent[] = []
    let bytes = 0
    let taken = 0
    for (const event of events) {
      if (bytes > 0 && bytes + event.frame.byteLength > chunkBytesMax) break
      taken += 1
      if (!isWanted(event, this.#filter)) continue
      wanted.push(event)
      bytes += event.frame.byteLength
    }
    const isAll = taken === events.length
    this.#checkpoint = isAll ? checkpoint : (events[taken - 1]?.checkpoint ?? this.#checkpoint)
    this.#page = { events: isAll ? [] : events.slice(taken), checkpoint }
    return wanted
  }
}

function concat(events: readonly FedEvent[]): Uint8Array<ArrayBuffer> {
  const [first] = events
  if (events.length === 1 && first !== undefined) return first.frame
  const all = new Uint8Array(sizeOf(events))
  let offset = 0
  for (const { frame } of events) {
    all.set(frame, offset)
    offset += frame.byteLength
  }
  return all
}
