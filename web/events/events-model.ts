import { signal } from '@preact/signals'
import { nextPage, request } from '../platform/api.ts'
import { follow, type LiveEvent } from '../platform/live.ts'
import type { LogEvent } from './event.ts'

/** The most that are shown while events come in, and when the reader has loaded older ones. */
const liveMax = 200
const shownMax = 2_000
const pageSize = 100
/** The largest page of the API. */
const pageMax = 1_000

/** The log as it grows, newest first, filtered. */
export class EventsModel {
  /** Undefined until the first are there. */
  readonly events = signal<readonly LogEvent[] | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  readonly isLoading = signal(false)
  readonly isPaused = signal(false)
  /** How many arrived while it was paused. */
  readonly waiting = signal(0)
  /** Whether older ones can be loaded. */
  readonly hasOlder = signal(false)
  readonly #query: string
  #older: string | undefined
  #held: readonly LogEvent[] = []
  #isDeep = false

  /** @param query the API's, without sort and page */
  constructor(query: string) {
    this.#query = query
  }

  /** Follows the log until stopped. */
  async run(stop: AbortSignal): Promise<void> {
    const path = this.#query === '' ? '/api/events' : `/api/events?${this.#query}`
    // Events between the opening of the stream and the response arrive by both.
    const onStart = () => void this.load()
    await follow(path, { onEvents: events => this.#take(events), onStart }, stop)
  }

  /** Reads the newest events. */
  async load(): Promise<void> {
    this.#isDeep = false
    await this.#read(this.#newest(pageSize), liveMax)
  }

  /** Reads older events than those shown. */
  async older(): Promise<void> {
    if (this.isLoading.peek()) return
    this.#isDeep = true
    // When some were dropped at the end, older ones are read from the newest on again.
    const shown = this.events.peek()?.length ?? 0
    await this.#read(this.#older ?? this.#newest(Math.min(shown + pageSize, pageMax)), shownMax)
  }

  /** Holds back new events so that the shown ones can be read, or shows them. */
  pause(isPaused: boolean): void {
    this.isPaused.value = isPaused
    if (isPaused) return
    this.#show(this.#held)
    this.#held = []
    this.waiting.value = 0
  }

  #newest(limit: number): string {
    const own = { sort: 'newest', limit: String(limit) }
    return `/api/events?${new URLSearchParams([...new URLSearchParams(this.#query), ...Object.entries(own)])}`
  }

  async #read(address: string, most: number): Promise<void> {
    this.isLoading.value = true
    try {
      const response = await request(address)
      const read = (await response.json()) as LogEvent[]
      this.#older = nextPage(response)
      const events = merge(this.events.peek() ?? [], read).slice(0, most)
      this.events.value = events
      this.hasOlder.value = this.#older !== undefined && events.length < shownMax
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error
    } finally {
      this.isLoading.value = false
    }
  }

  #take(live: readonly LiveEvent[]): void {
    // Of a burst, only the events that will be shown are parsed.
    const fresh = live.slice(-liveMax).map(({ data }) => JSON.parse(data) as LogEvent)
    const newestFirst = fresh.toReversed()
    if (this.isPaused.peek()) {
      this.#held = [...newestFirst, ...this.#held].slice(0, liveMax)
      this.waiting.value += live.length
    } else this.#show(newestFirst)
  }

  #show(newestFirst: readonly LogEvent[]): void {
    if (newestFirst.length === 0) return
    const all = merge(newestFirst, this.events.peek() ?? [])
    const most = this.#isDeep ? shownMax : liveMax
    if (all.length > most) {
      this.#older = undefined
      this.hasOlder.value = most < shownMax
    }
    this.events.value = all.slice(0, most)
  }
}

/** Merges two parts of the log, the newer one first, each event once. */
function merge(newer: readonly LogEvent[], older: readonly LogEvent[]): readonly LogEvent[] {
  const known = new Set(newer.map(({ id }) => id))
  return [...newer, ...older.filter(({ id }) => !known.has(id))]
}
