import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { encodeEvent } from './encode.ts'
import { type LoggedEvent, type LogPage, lookUpPlace, readLog, readLogEnd, readOrderLog } from './log.ts'
import { searchLog, type Wanted } from './log-search.ts'
import { behind, OlderPages } from './older-pages.ts'
import type { Pacer } from './pacer.ts'
import { comparePlaces, encodePlace, type LogPlace } from './place.ts'
import type { RecentOrders } from './recent-orders.ts'
import { WakeUp } from './wake-up.ts'

/** An event on its way to live readers, encoded once for all of them. */
export type FedEvent = {
  place: LogPlace
  orderUid: string
  customerId: string | null
  sequence: number
  type: string
  /** RFC 3339, UTC. */
  recordedAt: string
  /** W3C Trace Context; for those who send events on. */
  traceparent: string | null
  /** A server-sent event. */
  frame: Uint8Array<ArrayBuffer>
  /** Where in the frame its data begin. */
  dataStart: number
}

/** What ends a server-sent event behind its data. */
const frameEnd = '\n\n'

/** The event as JSON, without the frame around it. */
export function jsonOf({ frame, dataStart }: FedEvent): Uint8Array<ArrayBuffer> {
  return frame.subarray(dataStart, frame.byteLength - frameEnd.length)
}

/** Events, and the place that their reader has come to with them. */
export type FedPage = { events: readonly FedEvent[]; place: LogPlace }

/** What of the newest events is kept for readers that are a little behind; the others read the log themselves. */
const keptBytesMax = 16 * 1024 * 1024
const pageEventsMax = 1_000
/** The documents of a page for readers that are further behind; some of these pages are in memory at a time. */
const pageBytesMax = 1024 * 1024

/** After an outage of the database the log is read on after so long. */
const retryMs = 500

/**
 * The newest part of the log in memory, for all live readers of this instance. It reads the log once however many follow it,
 * and only while somebody does.
 */
export class EventFeed {
  readonly #pool: Pool
  readonly #log: Logger
  readonly #grown: WakeUp
  readonly #recent: RecentOrders
  /** Rings when there are new events here, and when the feed ends. */
  readonly arrived = new WakeUp()
  #kept: FedEvent[] = []
  #keptBytes = 0
  /** Everything behind this place, up to the newest event, is kept. Undefined while nobody follows. */
  #from: LogPlace | undefined
  #followers = 0
  #reading: AbortController | undefined
  readonly #ended = new AbortController()
  readonly #older = new OlderPages(after =>
    this.#readOlder(after, () => readLog(this.#pool, after, pageEventsMax, this.#recent, pageBytesMax)),
  )

  /** Whoever sends events to live readers asks it first. */
  readonly pacer: Pacer

  /** @param grown rings when the log has grown */
  constructor(pool: Pool, grown: WakeUp, recent: RecentOrders, pacer: Pacer, log: Logger) {
    this.pacer = pacer
    this.#pool = pool
    this.#grown = grown
    this.#recent = recent
    this.#log = log
  }

  /** Aborted when the service stops: then every stream ends. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  get followers(): number {
    return this.#followers
  }

  /** Keeps the feed alive until the function that it returns is called. */
  follow(): () => void {
    this.#followers += 1
    if (this.#reading === undefined) {
      this.#reading = new AbortController()
      void this.#read(AbortSignal.any([this.#reading.signal, this.#ended.signal]))
    }
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#followers -= 1
      if (this.#followers > 0) return
      this.#reading?.abort()
      this.#reading = undefined
      this.#forget()
    }
  }

  /** The events behind a place as far as they are kept; undefined when older ones are needed, which the log has. */
  after(place: LogPlace): FedPage | undefined {
    if (this.#from === undefined || comparePlaces(place, this.#from) < 0) return undefined
    const events = behind(this.#kept, place).slice(0, pageEventsMax)
    return { events, place: events.at(-1)?.place ?? place }
  }

  /**
   * Reads a page of the log itself, for a reader that is further behind.
   *
   * @param orderUid only this order's events
   * @param wanted only these events; what is looked at for a page is bounded, so one without any may still move the place
   * @returns the events; where nothing more is to be found, with the place from which on everything is kept here
   * @throws Error when what is behind the place was dropped from the log
   */
  older(after: LogPlace, orderUid: string | undefined, wanted?: Wanted): Promise<FedPage> {
    if (orderUid !== undefined) {
      return this.#readOlder(after, () => readOrderLog(this.#pool, orderUid, after, pageEventsMax, pageBytesMax))
    }
    if (wanted?.types === undefined && wanted?.customerId === undefined) return this.#older.after(after)
    const search = () => searchLog(this.#pool, after, wanted, pageEventsMax, 'forward', pageBytesMax)
    return this.#older.inTurn(() => this.#readOlder(after, search))
  }

  async #readOlder(after: LogPlace, read: () => Promise<LogPage & { next?: LogPlace | undefined }>): Promise<FedPage> {
    // Taken before reading: what the log had up to there, this page has.
    const keptFrom = this.#from
    const found = await read()
    if ((await lookUpPlace(this.#pool, after)) === 'dropped') throw new Error('events behind this place were dropped')
    const last = found.next ?? found.events.at(-1)?.place ?? after
    const isAll = found.isAll && keptFrom !== undefined && comparePlaces(last, keptFrom) < 0
    return { events: found.events.map(toFed), place: isAll ? keptFrom : last }
  }

  /** Lets go of the events in memory: the log may no longer have them. */
  forget(): void {
    if (this.#reading !== undefined) this.#forget()
  }

  /** Ends all streams. */
  end(): void {
    this.#ended.abort()
    this.arrived.ring()
  }

  async #read(stop: AbortSignal): Promise<void> {
    let place: LogPlace | undefined
    while (!stop.aborted) {
      try {
        const rings = this.#grown.rings()
        place ??= await readLogEnd(this.#pool)
        if (stop.aborted) return
        this.#from ??= place
        const page = await readLog(this.#pool, place, pageEventsMax, this.#recent)
        if (stop.aborted) return
        const events = page.events.map(toFed)
        place = events.at(-1)?.place ?? place
        this.#keep(events)
        await this.pacer.pass(sizeOf(events), stop)
        if (page.isAll) await this.#grown.next(rings, stop)
      } catch (error) {
        this.#log.warn({ err: error }, 'the event log could not be read for live readers; it will be')
        await new Promise(resolve => setTimeout(resolve, retryMs))
      }
    }
  }

  #keep(events: FedEvent[]): void {
    if (events.length === 0) return
    this.#keptBytes += sizeOf(events)
    this.#kept.push(...events)
    let dropped = 0
    for (; this.#keptBytes > keptBytesMax && dropped < this.#kept.length; dropped += 1) {
      this.#keptBytes -= this.#kept[dropped]?.frame.byteLength ?? 0
    }
    this.#from = this.#kept[dropped - 1]?.place ?? this.#from
    if (dropped > 0) this.#kept = this.#kept.slice(dropped)
    this.arrived.ring()
  }

  #forget(): void {
    this.#kept = []
    this.#keptBytes = 0
    this.#from = undefined
    this.#older.forget()
  }
}

function toFed(event: LoggedEvent): FedEvent {
  const { place, orderUid, customerId, sequence, type, recordedAt, traceparent } = event
  // All of it is ASCII, so its characters are its bytes.
  const head = `id: ${encodePlace(place)}\nevent: ${type}\ndata: `
  const frame = new TextEncoder().encode(`${head}${encodeEvent(event)}${frameEnd}`)
  return { place, orderUid, customerId, sequence, type, recordedAt, traceparent, frame, dataStart: head.length }
}

/** What events take when they are sent, in bytes. */
export function sizeOf(events: readonly FedEvent[]): number {
  return events.reduce((bytes, event) => bytes + event.frame.byteLength, 0)
}
