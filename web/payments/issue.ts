import type { IssueAction, IssueKind, IssueView } from '../../src/payments/views.ts'

/** Work that is left for a person, as the API gives it. */
export type Issue = IssueView
export type { IssueAction, IssueKind }

/** The kinds of issues, in the order in which they are offered as a filter. */
export const issueKinds = [
  'late_payment',
  'overpaid',
  'unmatched_money',
  'amount_mismatch',
  'unknown_outcome',
  'refund_failed',
  'dispute',
  'authorization_expiring',
] as const satisfies readonly IssueKind[]

export const issueStates = ['open', 'resolved', 'all'] as const

/** What the list is narrowed to: the parameters of the page's address, which are the API's. The default state is open. */
export type IssueFilter = { state: (typeof issueStates)[number]; kind: readonly IssueKind[] }

/** Reads the filter from the query of an address; what is not known is left out. */
export function readIssueFilter(query: Record<string, string>): IssueFilter {
  const chosen = (query.kind ?? '').split(',')
  return {
    state: issueStates.find(state => state === query.state) ?? 'open',
    kind: issueKinds.filter(kind => chosen.includes(kind)),
  }
}

/** The filter as parameters, without empty ones. @param whenUnsaid the state that goes without saying */
export function toIssueParameters({ state, kind }: IssueFilter, whenUnsaid: IssueFilter['state']) {
  const given = { state: state === whenUnsaid ? '' : state, kind: kind.join(',') }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}
