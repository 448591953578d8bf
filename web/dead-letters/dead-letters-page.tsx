import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { usePolling } from '../parts/polling.ts'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { ask } from '../platform/api.ts'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { deadLettersAddress } from './addresses.ts'
import { BulkDialog } from './bulk-dialog.tsx'
import type { Chosen } from './bulk-resolution.ts'
import {
  countOf,
  type DeadLetterCount,
  type DeadLetterFilter,
  type ListedDeadLetter,
  readFilter,
  toParameters,
} from './dead-letter.ts'
import { DeadLetterFilters } from './dead-letter-filters.tsx'
import { DeadLetterRows } from './dead-letter-rows.tsx'
import { texts } from './texts.ts'

const countEveryMs = 2_000
const pageSize = 50
/** The most ids that the API takes at once. */
const selectedMax = 1_000

/** Messages that could not be processed, to be resolved one by one or many at a time. */
export default function DeadLettersPage() {
  const location = useLocation()
  const filter = readFilter(location.query)
  const { list, counts, matches, newer, renew } = useCountedList(filter)
  const selected = useSignal<ReadonlySet<string>>(new Set())
  const begin = useCallback(() => {
    selected.value = new Set()
    void renew()
  }, [renew, selected])
  useEffect(begin, [begin])
  const change = (to: Partial<DeadLetterFilter>) =>
    location.route(deadLettersAddress(toParameters({ ...filter, ...to }, 'open')), true)
  return (
    <>
      <PageHead title={texts.title} />
      <DeadLetterFilters filter={filter} counts={counts} change={change} />
      <div class="newer" role="status">
        {newer > 0 && (
          <button type="button" class="small" onClick={begin}>
            {texts.newer(count(newer))}
          </button>
        )}
      </div>
      <Many filter={filter} matches={matches} selected={selected.value} list={list} onDone={begin} />
      <Content
        list={list}
        filter={filter}
        selected={selected.value}
        select={ids => {
          selected.value = new Set([...ids].slice(0, selectedMax))
        }}
      />
    </>
  )
}

/** The dead letters that match a filter, the counts of all, and how many matches arrived since the list was read. */
function useCountedList(filter: DeadLetterFilter) {
  const query = new URLSearchParams({ ...toParameters(filter, 'all'), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<ListedDeadLetter>(`/api/dead-letters?${query}`), [query])
  const counts = useSignal<readonly DeadLetterCount[] | undefined>(undefined)
  /** The counts when the list was read, or a moment before. */
  const seen = useSignal<readonly DeadLetterCount[] | undefined>(undefined)
  const load = useCallback(async () => {
    // The list, which is loaded as well, shows what failed.
    const read = await ask<DeadLetterCount[]>('/api/dead-letter-counts').catch(() => undefined)
    if (read !== undefined) counts.value = read
  }, [counts])
  const renew = useCallback(async () => {
    seen.value = undefined
    // Counts first: a dead letter that arrives between the two reads counts as new, instead of never being shown.
    await load()
    const counted = counts.value
    await list.renew()
    seen.value = counted
  }, [list, load, counts, seen])
  usePolling(load, countEveryMs)
  const matches = counts.value === undefined ? 0 : countOf(counts.value, filter)
  const newer = seen.value === undefined ? 0 : matches - countOf(seen.value, filter)
  return { list, counts: counts.value ?? [], matches, newer, renew }
}

type Selection = { selected: ReadonlySet<string>; select: (ids: Iterable<string>) => void }

function Content({
  list,
  filter,
  ...selection
}: { list: PagedList<ListedDeadLetter>; filter: DeadLetterFilter } & Selection) {
  const rows = list.rows.value
  const failure = list.failure.value
  const isNarrowed = filter.code !== '' || filter.topic !== '' || filter.state !== 'open'
  return (
    <>
      {failure !== undefined && <Failure error={failure} retry={() => void list.renew()} />}
      {rows === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={8} />
        </div>
      )}
      {rows?.length === 0 && (
        <Empty title={isNarrowed ? texts.noMatch : texts.none}>
          <p>{isNarrowed ? texts.noMatchHint : texts.noneHint}</p>
          {isNarrowed && <a href={deadLettersAddress({ state: 'all' })}>{texts.showAll}</a>}
        </Empty>
      )}
      {rows !== undefined && rows.length > 0 && (
        <>
          <DeadLetterRows deadLetters={rows} {...selection} />
          <p class="table-foot faint" role="status">
            {list.isComplete.value ? (
              texts.end(count(rows.length))
            ) : (
              <button type="button" class="second" disabled={list.isLoading.value} onClick={() => void list.more()}>
                {texts.more}
              </button>
            )}
          </p>
        </>
      )}
    </>
  )
}

type ManyProps = {
  filter: DeadLetterFilter
  matches: number
  selected: ReadonlySet<string>
  list: PagedList<ListedDeadLetter>
  onDone: () => void
}

/** Bulk actions on the selected dead letters, or on all open ones that match the filter. */
function Many({ filter, matches, selected, list, onDone }: ManyProps) {
  const asked = useSignal<'replay' | 'discard' | undefined>(undefined)
  const { code, topic } = filter
  const isAll = selected.size === 0
  const isPossible = filter.state === 'open' && (!isAll || ((code !== '' || topic !== '') && matches > 0))
  const hasRows = (list.rows.value?.length ?? 0) > 0
  if (filter.state !== 'open' || !hasRows) return null
  const chosen: Chosen = isAll
    ? { ...(code === '' ? {} : { code }), ...(topic === '' ? {} : { topic }) }
    : { ids: [...selected] }
  return (
    <div class="many">
      <p role="status" class={isPossible ? '' : 'faint'}>
        {!isPossible && texts.selectHint}
        {isPossible && (isAll ? texts.matching(count(matches)) : texts.selected(selected.size))}
      </p>
      <div class="buttons">
        <button type="button" class="danger-quiet" disabled={!isPossible} onClick={() => (asked.value = 'discard')}>
          {isAll && isPossible ? texts.discardAll : texts.discard}
        </button>
        <button type="button" disabled={!isPossible} onClick={() => (asked.value = 'replay')}>
          {isAll && isPossible ? texts.replayAll : texts.replay}
        </button>
      </div>
      {asked.value !== undefined && (
        <BulkDialog
          kind={asked.value}
          chosen={chosen}
          total={isAll ? matches : selected.size}
          close={() => {
            asked.value = undefined
            onDone()
          }}
        />
      )}
    </div>
  )
}
