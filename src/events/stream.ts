import { AppError } from '../errors.ts'
import { memoryBudget } from '../platform/memory-budget.ts'
import { type Checkpoint, compareCheckpoints, encodeCursor } from './checkpoint.ts'
import { type EventFeed, type FedEvent, type FedPage, sizeOf } from './feed.ts'
import type { Wanted } from './log-search.ts'

/** What a reader wants to hear of; everything that is given must hold. */
export type EventFilter = Wanted & { orderUid?: string | undefined }

/**
 * A quiet stream says that it is alive, so that nobody between takes it for dead. A comment without an empty line behind it: that
 * would end a message, and some clients hand on one without data.
 */
const heartbeatMs = 15_000
const heartbeat = new TextEncoder().encode(': alive\n')

/** A reader that has not taken what is there for so long is cut off: it can come back with the last id that it has. */
const readerTakesWithinMs = 30_000

/** What is on its way to one reader at a time, but for an event that is larger by itself. */
const chunkBytesMax = 16 * 1024

/** What a stream takes of the memory budget while it is open: a chunk, which most have not, and its state, which is about as much. */
const streamBytes = chunkBytesMax

/** A reader that takes nothing for so long keeps none of the log in memory; what it is to get next is read again. */
const letGoMs = 1_000

/**
 * The log from a checkpoint on as server-sent events, without end. What is not taken is not read ahead: a slow reader costs a
 * checkpoint in the log, not memory.
 *
 * @param after the checkpoint of the last event that the reader has
 * @param takeDeadlineMs how long a reader may leave what is there before it is cut off
 * @param quietMs after so long without an event there is a heartbeat
 * @throws AppError OVERLOADED when as many streams are open as the memory budget has room for
 */
export function streamEvents(
  feed: EventFeed,
  after: Checkpoint,
  filter: EventFilter,
  takeDeadlineMs = readerTakesWithinMs,
  quietMs = heartbeatMs,
): Response {
  if (!memoryBudget.acquire('streams', streamBytes)) throw new AppError('OVERLOADED', 'too many streams are open')
  const leave = feed.follow()
  let checkpoint = after
  /** What is read and not yet sent. */
  let page: FedPage = { events: [], checkpoint }
  let isOver = false
  /** An event on its way that is larger than what `streamBytes` allows for. */
  let large: Uint8Array | undefined
  let letGo: ReturnType<typeof setTimeout> | undefined
  let cutOff: ReturnType<typeof setTimeout> | undefined

  /** The next events that the reader wants; a heartbeat when there were none for long; undefined at the end. */
  async function next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const dueAtMs = performance.now() + quietMs
    while (!feed.ended.aborted && !isOver) {
      const seen = feed.arrived.seen()
      if (page.events.length === 0)
        page = feed.after(checkpoint) ?? (await feed.older(checkpoint, filter.orderUid, filter))
      const hasMoved = page.events.length > 0 || compareCheckpoints(page.checkpoint, checkpoint) > 0
      const wanted = takeChunk()
      if (wanted.length > 0) {
        await feed.throttle.acquire(sizeOf(wanted), feed.ended)
        return concat(wanted)
      }
      if (performance.now() > dueAtMs) return heartbeat
      if (hasMoved) continue
      await feed.arrived.next(seen, feed.ended)
    }
    return undefined
  }

  /** Takes as much of the page as is sent at a time. */
  function takeChunk(): FedEvent[] {
    const wanted: FedEvent[] = []
    let bytes = 0
    let taken = 0
    for (const event of page.events) {
      if (bytes > 0 && bytes + event.frame.byteLength > chunkBytesMax) break
      taken += 1
      if (!isWanted(event, filter)) continue
      wanted.push(event)
      bytes += event.frame.byteLength
    }
    const isAll = taken === page.events.length
    checkpoint = isAll ? page.checkpoint : (page.events[taken - 1]?.checkpoint ?? checkpoint)
    page = { events: isAll ? [] : page.events.slice(taken), checkpoint: page.checkpoint }
    return wanted
  }

  function stopTimers(): void {
    clearTimeout(letGo)
    clearTimeout(cutOff)
  }

  /** Takes what is to be sent out of the memory budget. @returns whether there is room for it */
  function hold(chunk: Uint8Array): boolean {
    if (chunk.byteLength <= chunkBytesMax) return true
    if (!memoryBudget.acquireShared('answers', chunk)) return false
    large = chunk
    return true
  }

  function letGoOfLarge(): void {
    if (large !== undefined) memoryBudget.releaseShared('answers', large)
    large = undefined
  }

  function end(): void {
    if (isOver) return
    isOver = true
    stopTimers()
    leave()
    letGoOfLarge()
    memoryBudget.release('streams', streamBytes)
  }

  const source: Parameters<typeof makeStream>[0] = {
    start(controller) {
      // The head of the answer goes out at once, so that a client knows that it is connected.
      controller.enqueue(new TextEncoder().encode(`retry: 1000\nid: ${encodeCursor(checkpoint)}\n: connected\n\n`))
    },
    async pull(controller) {
      stopTimers()
      letGoOfLarge()
      const chunk = await next().catch(() => undefined)
      // A reader that is cut off for want of room comes back with the last id that it has.
      if (chunk === undefined || isOver || !hold(chunk)) {
        end()
        controller.close()
        return
      }
      controller.enqueue(chunk)
      letGo = setTimeout(() => {
        page = { events: [], checkpoint }
      }, letGoMs)
      cutOff = setTimeout(() => {
        end()
        // It finds a whole stream's end behind what it has left, and a connection that it never reads is closed as idle.
        controller.close()
      }, takeDeadlineMs)
    },
    cancel: end,
  }
  return new Response(makeStream(source), {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      vary: 'accept',
      'x-accel-buffering': 'no',
    },
  })
}

/** A stream of which nothing is made before the reader has taken what was made before. */
function makeStream(source: {
  start(controller: ReadableStreamDefaultController<Uint8Array>): void
  pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void>
  cancel(): void
}): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
}

function isWanted(event: FedEvent, { orderUid, customerId, types }: EventFilter): boolean {
  return (
    (orderUid === undefined || event.orderUid === orderUid) &&
    (customerId === undefined || event.customerId === customerId) &&
    (types === undefined || types.includes(event.type))
  )
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
