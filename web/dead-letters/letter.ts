import type { Attempt, LetterState, ListedLetter } from '../../src/dead-letters/letter.ts'
import type { LetterCount } from '../../src/dead-letters/queries.ts'
import type { Violation } from '../platform/api.ts'

export type { Attempt, LetterCount, LetterState, ListedLetter }

/** A dead letter as `GET /api/dead-letters/:id` gives it. */
export type WholeLetter = ListedLetter & {
  violations_now: Violation[]
  history: (Attempt & { violations: Violation[]; edited_text: string | null })[]
}

/** What became of one that was dealt with. */
export type Result = {
  id: string
  outcome: Attempt['outcome']
  order_uid?: string
  code?: string
  detail?: string
}

export const letterStates = ['open', 'replayed', 'discarded'] as const satisfies readonly LetterState[]

/** The tone of a tag for a state, and for what came of an attempt. */
export const tones: Record<LetterState | Attempt['outcome'], string> = {
  open: 'attention',
  replayed: 'good',
  placed: 'good',
  duplicate: 'good',
  carried_out: 'good',
  refused: 'attention',
  discarded: 'plain',
}

/** What the page is narrowed to: the parameters of its address, which are the API's; state is open unless said. */
export type LetterFilter = { state: LetterState | 'all'; code: string; topic: string }

/** Reads the filter from the query of an address. */
export function readFilter(query: Record<string, string>): LetterFilter {
  const state = [...letterStates, 'all' as const].find(known => known === query.state) ?? 'open'
  return { state, code: query.code ?? '', topic: query.topic ?? '' }
}

/** The filter as parameters, without what says nothing. */
export function toParameters({ state, code, topic }: LetterFilter, whenUnsaid: LetterFilter['state']) {
  const given = { state: state === whenUnsaid ? '' : state, code, topic }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}

/** How many letters the counts have for a filter. */
export function countOf(counts: readonly LetterCount[], { state, code, topic }: LetterFilter): number {
  return counts
    .filter(count => state === 'all' || count.state === state)
    .filter(count => (code === '' || count.code === code) && (topic === '' || count.topic === topic))
    .reduce((sum, { letters }) => sum + letters, 0)
}
