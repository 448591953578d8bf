import type { OrderFilter } from './list-filter.ts'

/** The indexes that find the orders of a list, as conditions in SQL. */

const anyStatus = [
  ['statuses', 'order_status', 'o.status'],
  ['paymentStatuses', 'payment_status', 'o.payment_status'],
  ['deliveryStatuses', 'delivery_status', 'o.delivery_status'],
] as const

/**
 * Splits a filter into conditions that one index each serves, of which any must hold (none if only statuses and times are
 * given), and the other conditions, which all must hold.
 */
export function branchesOf(
  filter: OrderFilter,
  value: (given: unknown) => string,
): [branches: string[], rest: string[]] {
  const { search, trackNumber, customerId } = filter
  const tracked = filter.tracked === undefined ? [] : [`o.order_uid = any(${value(filter.tracked)})`]
  const track = trackNumber === undefined ? [] : [`o.track_number = ${value(trackNumber)}`, ...tracked]
  const [customer, name] = customerId === undefined ? [[], []] : ofCustomer(customerId, value(customerId))
  const found = search === undefined ? undefined : ofSearch(search, value(search), tracked)
  const [branches, others] =
    found !== undefined
      ? [found[0], [...found[1], ...anyOf(track), ...customer, ...name]]
      : track.length > 0
        ? [track, [...customer, ...name]]
        : [customer, name]
  if (branches.length === 0) return [[], []]
  const statuses = anyStatus.flatMap(([name, type, column]) => {
    const wanted = filter[name]
    return wanted === undefined ? [] : [`${column} = any(${value(wanted)}::${type}[])`]
  })
  return [branches, [...others, ...statuses]]
}

/** The keys of a list by statuses, or of all orders. */
export function byStatus(
  filter: OrderFilter,
  value: (given: unknown) => string,
  pageOf: (where: string) => string,
): string {
  if (anyStatus.every(([name]) => filter[name] === undefined)) return pageOf('true')
  const [status, payment, delivery] = anyStatus.map(([name, type]) =>
    filter[name] === undefined ? `unnest(enum_range(null::${type}))` : `unnest(${value(filter[name])}::${type}[])`,
  )
  return `select key.created_at, key.order_uid
            from ${status} as s (status)
           cross join ${payment} as p (status)
           cross join ${delivery} as d (status)
           cross join lateral ${pageOf('o.status = s.status and o.payment_status = p.status and o.delivery_status = d.status')} key`
}

/** The index has the first characters of customer ids. Most ids are no longer than that, and then the index alone decides. */
const indexedCharacters = 100

function ofCustomer(customerId: string, parameter: string): [branches: string[], rest: string[]] {
  const branches = [`left(o.customer_id, ${indexedCharacters}) = left(${parameter}, ${indexedCharacters})`]
  return [branches, [...customerId].length < indexedCharacters ? [] : [`o.customer_id = ${parameter}`]]
}

/** A condition that holds when one of several does. */
const anyOf = (conditions: readonly string[]) => (conditions.length === 0 ? [] : [`(${conditions.join(' or ')})`])

/** No uid or tracking number is as long as the prefix that the index of customers has. */
function ofSearch(text: string, parameter: string, tracked: readonly string[]): [branches: string[], rest: string[]] {
  const [customer, rest] = ofCustomer(text, parameter)
  if (rest.length > 0) return [customer, rest]
  return [[`o.order_uid = ${parameter}`, `o.track_number = ${parameter}`, ...tracked, ...customer], []]
}
