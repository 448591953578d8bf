import { signal } from '@preact/signals'
import type { EventView } from '../../src/events/schemas.ts'
import type { PlacedData, StatusChange } from '../../src/orders/event-data.ts'
import type { OrderStatus } from '../../src/orders/order.ts'
import type { LatestOrder, OverviewView, Series } from '../../src/orders/overview-view.ts'
import { ask } from '../platform/api.ts'
import { follow, type LiveEvent } from '../platform/live.ts'
import { utcOffsetMinutes } from '../platform/time.ts'

export type { LatestOrder, Series }

/** What `GET /api/overview` answers. */
export type Overview = OverviewView

const latestMax = 20
/** While events arrive, the page polls each second, which is how often the server computes the overview. */
const busyMs = 1_000
const quietMs = 10_000
/** Polls after the last event: the sums lag a little behind the events. */
const answersAfterEvent = 4
const rateSeconds = 5

/** The state of the overview, kept up to date while the page is open. */
export class OverviewModel {
  readonly overview = signal<Overview | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  readonly latest = signal<readonly LatestOrder[]>([])
  /** Orders per second, averaged over the last few seconds. */
  readonly rate = signal(0)
  /** Orders that arrived while the page was open: they are marked as new. */
  readonly arrived = new Set<string>()
  #placed: { atMs: number; orders: number }[] = []
  #askSoon = answersAfterEvent
  #wake: () => void = () => undefined

  /** Follows the service until stopped. */
  async run(stop: AbortSignal): Promise<void> {
    const ticking = setInterval(() => this.#measureRate(), 1_000)
    stop.addEventListener('abort', () => clearInterval(ticking))
    const onStart = () => void this.reload()
    void follow('/api/events', { onEvents: events => this.#take(events), onStart }, stop)
    while (!stop.aborted) {
      await this.#load(stop, this.overview.peek() === undefined)
      const waitMs = this.#askSoon > 0 ? busyMs : quietMs
      this.#askSoon = Math.max(this.#askSoon - 1, 0)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, waitMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
        stop.addEventListener('abort', this.#wake)
      })
    }
  }

  /** Reads everything again. */
  async reload(): Promise<void> {
    await this.#load(undefined, true)
  }

  async #load(stop: AbortSignal | undefined, isStart: boolean): Promise<void> {
    try {
      const path = `/api/overview?utc_offset=${utcOffsetMinutes()}`
      const overview = await ask<Overview>(path, stop === undefined ? {} : { signal: stop })
      this.overview.value = overview
      this.failure.value = undefined
      // The stream is newer than the response, unless it has just begun.
      const own = this.latest.peek()
      this.latest.value = isStart ? merge(overview.latest, own) : merge(own, overview.latest)
    } catch (error) {
      if (stop?.aborted !== true) this.failure.value = error
    }
  }

  #take(events: readonly LiveEvent[]): void {
    const placed = events.filter(({ type }) => type === 'order.placed')
    if (placed.length > 0) this.#placed.push({ atMs: performance.now(), orders: placed.length })
    // Of a burst, only the events that will be shown are parsed.
    const newest = placed.slice(-latestMax).map(toLatest).reverse()
    for (const { order_uid: uid } of newest) this.arrived.add(uid)
    const statuses = new Map(events.filter(({ type }) => type !== 'order.placed').flatMap(statusOf))
    const rows = merge(newest, this.latest.peek())
    this.latest.value = rows.map(row => {
      const status = statuses.get(row.order_uid)
      return status === undefined ? row : { ...row, status }
    })
    if (this.#askSoon === 0) this.#wake()
    this.#askSoon = answersAfterEvent
  }

  #measureRate(): void {
    const sinceMs = performance.now() - rateSeconds * 1_000
    this.#placed = this.#placed.filter(({ atMs }) => atMs >= sinceMs)
    this.rate.value = this.#placed.reduce((sum, { orders }) => sum + orders, 0) / rateSeconds
  }
}

/** Merges both lists, newest first, each order once; the first list wins. */
function merge(newer: readonly LatestOrder[], older: readonly LatestOrder[]): readonly LatestOrder[] {
  const known = new Set(newer.map(({ order_uid: uid }) => uid))
  const all = [...newer, ...older.filter(({ order_uid: uid }) => !known.has(uid))]
  return all.sort((one, other) => Date.parse(other.placed_at) - Date.parse(one.placed_at)).slice(0, latestMax)
}

function toLatest({ data }: LiveEvent): LatestOrder {
  const { stream_id: order_uid, time, data: order } = JSON.parse(data) as EventView & { data: PlacedData }
  const { customer_id, payment, status } = order
  return { order_uid, placed_at: time, customer_id, currency: payment.currency, amount: payment.amount, status }
}

/** The new status of an order, where an event has one. */
function statusOf({ data }: LiveEvent): [orderUid: string, status: OrderStatus][] {
  const event = JSON.parse(data) as EventView & { data: Partial<StatusChange> }
  return event.stream_type !== 'order' || event.data.status === undefined ? [] : [[event.stream_id, event.data.status]]
}
