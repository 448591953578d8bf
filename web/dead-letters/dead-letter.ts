import type {
  DeadLetterAttempt,
  DeadLetterCount,
  DeadLetterResult,
  DeadLetterState,
  ListedDeadLetter,
  WholeDeadLetter,
} from '../../src/dead-letters/views.ts'

export type { DeadLetterAttempt, DeadLetterCount, DeadLetterState, ListedDeadLetter }

/** A dead letter as `GET /api/dead-letters/:id` gives it. */
export type DeadLetterDetail = WholeDeadLetter

/** The outcome of a replay or a discard. */
export type Result = DeadLetterResult

export const states = ['open', 'replayed', 'discarded'] as const satisfies readonly DeadLetterState[]

/** The tone of each state, and of each outcome of an attempt. */
export const tones: Record<DeadLetterState | DeadLetterAttempt['outcome'], string> = {
  open: 'attention',
  replayed: 'good',
  placed: 'good',
  duplicate: 'good',
  carried_out: 'good',
  refused: 'attention',
  discarded: 'plain',
}

/** The filter: the parameters of the page's address, which are the API's. The default state is open. */
export type DeadLetterFilter = { state: DeadLetterState | 'all'; code: string; topic: string }

/** Reads the filter from the query of an address. */
export function readFilter(query: Record<string, string>): DeadLetterFilter {
  const state = [...states, 'all' as const].find(known => known === query.state) ?? 'open'
  return { state, code: query.code ?? '', topic: query.topic ?? '' }
}

/** The filter as parameters, without empty ones. */
export function toParameters({ state, code, topic }: DeadLetterFilter, whenUnsaid: DeadLetterFilter['state']) {
  const given = { state: state === whenUnsaid ? '' : state, code, topic }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}

/** How many dead letters match a filter, by the counts of the API. */
export function countOf(counts: readonly DeadLetterCount[], { state, code, topic }: DeadLetterFilter): number {
  return counts
    .filter(count => state === 'all' || count.state === state)
    .filter(count => (code === '' || count.code === code) && (topic === '' || count.topic === topic))
    .reduce((sum, { letters }) => sum + letters, 0)
}
