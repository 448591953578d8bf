import { money } from '../platform/money.ts'
import { texts } from './texts.ts'

/** An event as the API tells it. */
export type LogEvent = {
  id: string
  type: string
  order_uid: string
  sequence: number
  time: string
  data: Record<string, unknown>
}

/** What the page is narrowed to: the parameters of its address, which are the API's. */
export type EventFilter = { types: readonly string[]; customer: string }

/** Reads the filter from the query of an address. */
export function readFilter(query: Record<string, string>): EventFilter {
  return { types: (query.type ?? '').split(',').filter(Boolean), customer: query.customer_id ?? '' }
}

/** The filter as parameters, without what says nothing. */
export function toParameters({ types, customer }: EventFilter): Record<string, string> {
  return {
    ...(types.length === 0 ? {} : { type: types.join(',') }),
    ...(customer === '' ? {} : { customer_id: customer }),
  }
}

/** What an event says, in a line. */
export function gistOf({ type, data }: LogEvent): string {
  if (type === 'order.placed') {
    const {
      customer_id: customer,
      payment,
      items,
    } = data as {
      customer_id?: string
      payment?: { amount: number; currency: string }
      items?: unknown[]
    }
    const sum = payment === undefined ? '' : money(payment.amount, payment.currency)
    return [customer, sum, items === undefined ? '' : texts.items(items.length)].filter(Boolean).join(' · ')
  }
  const { reason, actor } = data
  return [typeof reason === 'string' ? reason : '', typeof actor === 'string' && actor !== '' ? texts.by(actor) : '']
    .filter(Boolean)
    .join(' · ')
}
