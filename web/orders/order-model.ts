import { signal } from '@preact/signals'
import type { EventView } from '../../src/events/schemas.ts'
import { Refusal, request } from '../platform/api.ts'
import { follow, type LiveEvent } from '../platform/live.ts'
import type { Action, Order } from './order.ts'

/** Something that happened to the order. */
export type TimelineEvent = EventView

/** One order, its history, and what is done to it, kept up to date while its page is open. */
export class OrderModel {
  readonly orderUid: string
  readonly order = signal<Order | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  /** Newest first. */
  readonly timeline = signal<readonly TimelineEvent[]>([])
  #etag = ''

  constructor(orderUid: string) {
    this.orderUid = orderUid
  }

  get #address(): string {
    return `/api/orders/${encodeURIComponent(this.orderUid)}`
  }

  /** Reads the order, and then follows what happens to it until stopped. */
  async run(stop: AbortSignal): Promise<void> {
    await this.load()
    if (stop.aborted || this.order.peek() === undefined) return
    await follow(`${this.#address}/events`, { onEvents: events => this.#take(events) }, stop)
  }

  async load(): Promise<void> {
    try {
      const response = await request(this.#address)
      this.order.value = (await response.json()) as Order
      this.#etag = response.headers.get('etag') ?? ''
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error
    }
  }

  /**
   * Does something to the order, as it is shown: when it has changed since, nothing is done.
   *
   * @throws Refusal; the order is read again first, so that the page shows what is
   */
  async act(action: Action, reason: string): Promise<void> {
    const headers = { 'if-match': this.#etag }
    const body = { reason, actor: 'web' }
    try {
      const response = await request(`${this.#address}/${action}`, { method: 'POST', headers, body })
      this.order.value = (await response.json()) as Order
      this.#etag = response.headers.get('etag') ?? ''
    } catch (error) {
      if (error instanceof Refusal && [409, 412].includes(error.status)) await this.load()
      throw error
    }
  }

  #take(events: readonly LiveEvent[]): void {
    const known = new Set(this.timeline.peek().map(({ id }) => id))
    const fresh = events.map(({ data }) => JSON.parse(data) as TimelineEvent).filter(({ id }) => !known.has(id))
    if (fresh.length === 0) return
    // They come in the order of the log. What happens in other streams has sequences of its own.
    this.timeline.value = [...fresh.toReversed(), ...this.timeline.peek()]
    const newest = fresh.findLast(({ stream_type: stream }) => stream === 'order')?.sequence ?? 0
    if (newest > (this.order.peek()?.version ?? 0)) void this.load()
  }
}
