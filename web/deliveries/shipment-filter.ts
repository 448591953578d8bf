import { states } from './shipment.ts'

export const workLists = ['all', 'late', 'silent'] as const

/** What the list is narrowed to: the parameters of the page's address, which are the API's. */
export type ShipmentFilter = {
  state: readonly string[]
  work: (typeof workLists)[number]
  carrier: string
  order_uid: string
  tracking_number: string
}

/** Reads the filter from the query of an address; what is not known is left out. */
export function readFilter(query: Record<string, string>): ShipmentFilter {
  const chosen = (query.state ?? '').split(',')
  return {
    state: states.filter(state => chosen.includes(state)),
    work: query.late === 'true' ? 'late' : query.silent === 'true' ? 'silent' : 'all',
    carrier: query.carrier ?? '',
    order_uid: query.order_uid ?? '',
    tracking_number: query.tracking_number ?? '',
  }
}

/** The filter as parameters, without empty ones. */
export function toParameters({ state, work, ...others }: ShipmentFilter): Record<string, string> {
  const given = { ...others, state: state.join(','), ...(work === 'all' ? {} : { [work]: 'true' }) }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}
