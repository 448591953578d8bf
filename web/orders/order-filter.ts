/** What the list is narrowed to and sorted by: the parameters of the page's address, which are the API's, but for days. */
export type OrderFilter = {
  q: string
  status: string[]
  payment_status: string
  delivery_status: string
  customer_id: string
  track_number: string
  /** Days of the reader, such as 2026-01-31. */
  from: string
  to: string
  sort: 'newest' | 'oldest'
}

const dayForm = /^\d{4}-\d{2}-\d{2}$/

/** Reads the filter from the query of an address; what is not known is left out. */
export function readFilter(query: Record<string, string>): OrderFilter {
  const text = (name: string) => query[name] ?? ''
  const day = (name: string) => (dayForm.test(text(name)) ? text(name) : '')
  return {
    q: text('q'),
    status: text('status').split(',').filter(Boolean),
    payment_status: text('payment_status'),
    delivery_status: text('delivery_status'),
    customer_id: text('customer_id'),
    track_number: text('track_number'),
    from: day('from'),
    to: day('to'),
    sort: text('sort') === 'oldest' ? 'oldest' : 'newest',
  }
}

/** The filter as the query of the page's address: only what is set. */
export function toAddress(filter: OrderFilter): Record<string, string> {
  const all = { ...filter, status: filter.status.join(','), sort: filter.sort === 'newest' ? '' : filter.sort }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** The filter as the API's query: a day is the whole day of the reader, the last one included. */
export function toQuery(filter: OrderFilter): Record<string, string> {
  const { from, to, ...others } = toAddress(filter)
  return {
    ...others,
    ...(from === undefined ? {} : { from: startOf(from, 0) }),
    ...(to === undefined ? {} : { to: startOf(to, 1) }),
  }
}

/** Whether anything narrows the list. */
export function isNarrowed(filter: OrderFilter): boolean {
  return Object.keys(toAddress(filter)).some(name => name !== 'sort')
}

/** The start of the reader's day, some days later. */
function startOf(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + daysLater).toISOString()
}
