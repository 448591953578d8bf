import { states } from './return.ts'

/** What the list is narrowed to: the parameters of the page's address, which are the API's. */
export type ReturnFilter = { state: readonly string[]; order_uid: string }

/** Reads the filter from the query of an address; what is not known is left out. */
export function readFilter(query: Record<string, string>): ReturnFilter {
  const chosen = (query.state ?? '').split(',')
  return { state: states.filter(state => chosen.includes(state)), order_uid: query.order_uid ?? '' }
}

/** The filter as parameters, without empty ones. */
export function toParameters({ state, order_uid }: ReturnFilter): Record<string, string> {
  return Object.fromEntries(Object.entries({ order_uid, state: state.join(',') }).filter(([, value]) => value !== ''))
}
