import { signal } from '@preact/signals'
import type { EventView } from '../../src/events/schemas.ts'
import type { StatusChange } from '../../src/orders/event-data.ts'
import { nextPage, request } from '../platform/api.ts'
import type { LiveEvent } from '../platform/live.ts'
import type { Order } from './order.ts'

/** What a row shows of an order; the rest is dropped, since there may be many rows. */
export type OrderRow = {
  uid: string
  customer: string
  placedAt: string
  items: number
  currency: string
  amount: number
  status: string
  paymentStatus: string
}

const pageSize = 100

/** The orders that match a query, loaded page by page on demand. */
export class OrderList {
  readonly query: string
  readonly rows = signal<readonly OrderRow[]>([])
  readonly isLoading = signal(false)
  readonly failure = signal<unknown>(undefined)
  readonly isComplete = signal(false)
  /** Orders that arrived since the list was loaded; they are shown on request. */
  readonly newer = signal(0)
  /** The scroll position at which the page was left. */
  scrolled = 0
  #next: string | undefined

  /** @param query the API's, without a page */
  constructor(query: string) {
    this.query = query
    this.#next = `/api/orders?${new URLSearchParams([...new URLSearchParams(query), ['limit', String(pageSize)]])}`
  }

  /** Reads the next page, unless one is being read or all are there. */
  async more(): Promise<void> {
    const address = this.#next
    if (this.isLoading.peek() || address === undefined) return
    this.isLoading.value = true
    this.failure.value = undefined
    try {
      const response = await request(address)
      const orders = (await response.json()) as Order[]
      this.#next = nextPage(response)
      this.isComplete.value = this.#next === undefined
      this.rows.value = [...this.rows.peek(), ...orders.map(toRow)]
    } catch (error) {
      this.failure.value = error
    } finally {
      this.isLoading.value = false
    }
  }

  /** Counts new orders, and updates the status of listed ones. */
  take(events: readonly LiveEvent[]): void {
    const placed = events.filter(({ type }) => type === 'order.placed').length
    if (placed > 0) this.newer.value += placed
    const statuses = new Map<string, Partial<StatusChange>>()
    for (const { type, data } of events) {
      if (type === 'order.placed') continue
      const event = JSON.parse(data) as EventView & { data: Partial<StatusChange> }
      if (event.stream_type === 'order') statuses.set(event.stream_id, event.data)
    }
    if (statuses.size === 0 || !this.rows.peek().some(({ uid }) => statuses.has(uid))) return
    this.rows.value = this.rows.peek().map(row => {
      const { status = row.status, payment_status: paymentStatus = row.paymentStatus } = statuses.get(row.uid) ?? {}
      return { ...row, status, paymentStatus }
    })
  }
}

function toRow(order: Order): OrderRow {
  return {
    uid: order.order_uid,
    customer: order.customer_id,
    placedAt: order.date_created,
    items: order.items.length,
    currency: order.payment.currency,
    amount: order.payment.amount,
    status: order.status,
    paymentStatus: order.payment_status,
  }
}

let remembered: OrderList | undefined

/** Returns the list of a query: the last one shown, if it has the same query, so that going back finds it unchanged. */
export function listOf(query: string, isNew: boolean): OrderList {
  if (isNew || remembered?.query !== query) remembered = new OrderList(query)
  return remembered
}
