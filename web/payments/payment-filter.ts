import { states } from './payment.ts'

/** What the list is narrowed to: the parameters of the page's address, which are the API's. */
export type PaymentFilter = { state: readonly string[]; provider: string; order_uid: string }

/** Reads the filter from the query of an address; what is not known is left out. */
export function readFilter(query: Record<string, string>): PaymentFilter {
  const chosen = (query.state ?? '').split(',')
  return {
    state: states.filter(state => chosen.includes(state)),
    provider: query.provider ?? '',
    order_uid: query.order_uid ?? '',
  }
}

/** The filter as parameters, without empty ones. */
export function toParameters({ state, ...others }: PaymentFilter): Record<string, string> {
  const given = { ...others, state: state.join(',') }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}
