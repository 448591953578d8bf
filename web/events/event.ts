import type { EventView } from '../../src/events/schemas.ts'
import type { PlacedData } from '../../src/orders/event-data.ts'
import { money } from '../platform/money.ts'
import { texts } from './texts.ts'

/** An event as the API gives it. */
export type LogEvent = EventView

/** The filter: the parameters of the page's address, which are the API's. */
export type EventFilter = { types: readonly string[]; customer: string }

/** Reads the filter from the query of an address. */
export function readFilter(query: Record<string, string>): EventFilter {
  return { types: (query.type ?? '').split(',').filter(Boolean), customer: query.customer_id ?? '' }
}

/** The filter as parameters, without empty ones. */
export function toParameters({ types, customer }: EventFilter): Record<string, string> {
  return {
    ...(types.length === 0 ? {} : { type: types.join(',') }),
    ...(customer === '' ? {} : { customer_id: customer }),
  }
}

/** Sums an event up in a line. */
export function gistOf({ type, data }: LogEvent): string {
  if (type === 'order.placed') {
    // It comes without its document where the order is no longer stored.
    const { customer_id: customer, payment, items } = data as Partial<PlacedData>
    const sum = payment === undefined ? '' : money(payment.amount, payment.currency)
    return [customer, sum, items === undefined ? '' : texts.items(items.length)].filter(Boolean).join(' · ')
  }
  const { reason, actor } = data
  return [typeof reason === 'string' ? reason : '', typeof actor === 'string' && actor !== '' ? texts.by(actor) : '']
    .filter(Boolean)
    .join(' · ')
}
