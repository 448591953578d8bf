import type { EventFeed, FedEvent } from './feed.ts'
import { comparePlaces, encodePlace, type LogPlace } from './place.ts'

/** What a reader wants to hear of; everything that is given must hold. */
export type EventFilter = {
  orderUid?: string | undefined
  customerId?: string | undefined
  types?: readonly string[] | undefined
}

/** A quiet stream says that it is alive, so that nobody between takes it for dead. */
const heartbeatMs = 15_000
const heartbeat = new TextEncoder().encode(': alive\n\n')

/** A reader that has not taken what is there for so long is cut off: it can come back with the last id that it has. */
const readerTakesWithinMs = 30_000

/**
 * The log from a place on as server-sent events, without end. What is not taken is not read ahead: a slow reader costs a
 * place in the log, not memory.
 *
 * @param after the place of the last event that the reader has
 * @param takeDeadlineMs how long a reader may leave what is there before it is cut off
 */
export function streamEvents(
  feed: EventFeed,
  after: LogPlace,
  filter: EventFilter,
  takeDeadlineMs = readerTakesWithinMs,
): Response {
  const leave = feed.follow()
  let place = after
  let isOver = false
  let cutOff: ReturnType<typeof setTimeout> | undefined

  /** The next events that the reader wants; nothing when only a heartbeat is due; undefined at the end. */
  async function next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const dueAtMs = Date.now() + heartbeatMs
    while (!feed.ended.aborted && !isOver) {
      const rings = feed.arrived.rings()
      const kept = feed.after(place)
      const page = kept === undefined ? await feed.older(place, filter.orderUid) : { events: kept, place }
      const { events } = page
      const hasMoved = comparePlaces(page.place, place) > 0
      place = kept?.at(-1)?.place ?? page.place
      const wanted = events.filter(event => isWanted(event, filter))
      if (wanted.length > 0) return concat(wanted)
      if (events.length > 0 || hasMoved) continue
      if (Date.now() > dueAtMs) return heartbeat
      await feed.arrived.next(rings, feed.ended)
    }
    return undefined
  }

  function end(): void {
    isOver = true
    clearTimeout(cutOff)
    leave()
  }

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // The head of the answer goes out at once, so that a client knows that it is connected.
      controller.enqueue(new TextEncoder().encode(`retry: 1000\nid: ${encodePlace(place)}\n: connected\n\n`))
    },
    async pull(controller) {
      clearTimeout(cutOff)
      const chunk = await next().catch(() => undefined)
      if (chunk === undefined || isOver) {
        end()
        controller.close()
        return
      }
      controller.enqueue(chunk)
      cutOff = setTimeout(() => {
        end()
        // It finds a whole stream's end behind what it has left, and a connection that it never reads is closed as idle.
        controller.close()
      }, takeDeadlineMs)
    },
    cancel: end,
  })
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  })
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
  const all = new Uint8Array(events.reduce((bytes, event) => bytes + event.frame.byteLength, 0))
  let offset = 0
  for (const { frame } of events) {
    all.set(frame, offset)
    offset += frame.byteLength
  }
  return all
}
