import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { Logger } from '../platform/log.ts'
import { pause } from '../platform/periodic.ts'
import { type Checkpoint, compareCheckpoints } from './checkpoint.ts'
import type { LogPage } from './event-rows.ts'
import { type FedEvent, type FedPage, sizeOf, toFed } from './fed-event.ts'
import { lookUpCheckpoint, readLog, readLogEnd, readOrderLog } from './log.ts'
import { searchLog, type Wanted, wantsAll } from './log-search.ts'
import { Notifier } from './notifier.ts'
import { behind, OlderPages } from './older-pages.ts'
import type { ReaderThrottle } from './reader-throttle.ts'
import type { EventLog } from './stream-definition.ts'

/** What of the newest events is kept for readers that are a little behind; the others read the log themselves. */
const keptBytesMax = 16 * 1024 * 1024
const pageEventsMax = 1_000
/** The documents of a page for readers that are further behind; some of these pages are in memory at a time. */
const pageBytesMax = 1024 * 1024

/** Short: streams are live again within a second of the end of an outage. */
const backoff: Backoff = { firstMs: 500, maxMs: 1_000 }

/**
 * The newest part of the log in memory, for all live readers of this instance. It reads the log once for all
 * followers, and not at all without one.
 */
export class EventFeed {
  readonly #events: EventLog
  readonly #log: Logger
  readonly #grown: Notifier
  /** Notifies of new events here, and of the feed's end. */
  readonly arrived = new Notifier()
  #kept: FedEvent[] = []
  #keptBytes = 0
  /** Everything behind this checkpoint, up to the newest event, is kept. Undefined without followers. */
  #from: Checkpoint | undefined
  #followers = 0
  #reading: AbortController | undefined
  readonly #ended = new AbortController()
  readonly #older = new OlderPages(after =>
    this.#readOlder(after, () => readLog(this.#events, after, pageEventsMax, pageBytesMax)),
  )

  /** To be acquired before events are sent to live readers. */
  readonly throttle: ReaderThrottle

  /** @param grown notifies that the log has grown */
  constructor(events: EventLog, grown: Notifier, throttle: ReaderThrottle, log: Logger) {
    this.throttle = throttle
    this.#events = events
    this.#grown = grown
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

  /** The events behind a checkpoint as far as they are kept; undefined when older ones are needed, which the log has. */
  after(checkpoint: Checkpoint): FedPage | undefined {
    if (this.#from === undefined || compareCheckpoints(checkpoint, this.#from) < 0) return undefined
    const events = behind(this.#kept, checkpoint).slice(0, pageEventsMax)
    return { events, checkpoint: events.at(-1)?.checkpoint ?? checkpoint }
  }

  /**
   * Reads a page of the log itself, for a reader that is further behind.
   *
   * @param wanted only these events; what is looked at for a page is bounded, so one without any may still move the checkpoint
   * @returns the events; where nothing more is to be found, with the checkpoint from which on everything is kept here
   * @throws Error when what is behind the checkpoint was dropped from the log
   */
  older(after: Checkpoint, wanted: Wanted): Promise<FedPage> {
    if (wantsAll(wanted)) return this.#older.after(after)
    const { orderUid, ...rest } = wanted
    if (orderUid !== undefined && wantsAll(rest)) {
      return this.#readOlder(after, () => readOrderLog(this.#events, orderUid, after, pageEventsMax, pageBytesMax))
    }
    const search = () => searchLog(this.#events, after, wanted, pageEventsMax, 'forward', pageBytesMax)
    return this.#older.inTurn(() => this.#readOlder(after, search))
  }

  async #readOlder(
    after: Checkpoint,
    read: () => Promise<LogPage & { next?: Checkpoint | undefined }>,
  ): Promise<FedPage> {
    // Taken before reading: what the log had up to there, this page has.
    const keptFrom = this.#from
    const found = await read()
    if ((await lookUpCheckpoint(this.#events.pool, after)) === 'dropped')
      throw new Error('events behind this checkpoint were dropped')
    const last = found.next ?? found.events.at(-1)?.checkpoint ?? after
    const isAll = found.isAll && keptFrom !== undefined && compareCheckpoints(last, keptFrom) < 0
    return { events: found.events.map(toFed), checkpoint: isAll ? keptFrom : last }
  }

  /** Drops the events in memory: the log may no longer have them. */
  forget(): void {
    if (this.#reading !== undefined) this.#forget()
  }

  /** Ends all streams. */
  end(): void {
    this.#ended.abort()
    this.arrived.notify()
  }

  async #read(stop: AbortSignal): Promise<void> {
    let checkpoint: Checkpoint | undefined
    let failures = 0
    while (!stop.aborted) {
      try {
        const seen = this.#grown.seen()
        checkpoint ??= await readLogEnd(this.#events.pool)
        if (stop.aborted) return
        this.#from ??= checkpoint
        const page = await readLog(this.#events, checkpoint, pageEventsMax)
        if (stop.aborted) return
        failures = 0
        const events = page.events.map(toFed)
        checkpoint = events.at(-1)?.checkpoint ?? checkpoint
        this.#keep(events)
        await this.throttle.acquire(sizeOf(events), stop)
        if (page.isAll) await this.#grown.next(seen, stop)
      } catch (error) {
        this.#log.warn({ err: error }, 'the event log could not be read for live readers; trying again')
        failures += 1
        await pause(backoffMs(backoff, failures, Math.random()), stop)
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
    this.#from = this.#kept[dropped - 1]?.checkpoint ?? this.#from
    if (dropped > 0) this.#kept = this.#kept.slice(dropped)
    this.arrived.notify()
  }

  #forget(): void {
    this.#kept = []
    this.#keptBytes = 0
    this.#from = undefined
    this.#older.forget()
  }
}
