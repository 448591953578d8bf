import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { SendButton } from '../parts/send-button.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { follow } from '../platform/live.ts'
import { count } from '../platform/money.ts'
import { PageHead } from '../shell/page.tsx'
import { ordersAddress } from './addresses.ts'
import { ExportButton } from './export-button.tsx'
import { FilterBar } from './filter-bar.tsx'
import { isNarrowed, type OrderFilter, readFilter, toAddress, toQuery } from './order-filter.ts'
import { listOf, type OrderList } from './order-list.ts'
import { OrderRows } from './order-rows.tsx'
import { texts } from './texts.ts'

/** Every order, narrowed by what the address says, as far down as one cares to scroll. */
export default function OrdersPage() {
  const location = useLocation()
  const filter = readFilter(location.query)
  const query = new URLSearchParams(toQuery(filter)).toString()
  const [edition, setEdition] = useState(0)
  const list = useMemo(() => listOf(query, edition > 0), [query, edition])
  useEffect(() => {
    if (list.rows.peek().length === 0) void list.more()
  }, [list])
  useFollowing(list)
  useScrollMemory(list)
  const change = (to: Partial<OrderFilter>) => location.route(ordersAddress(toAddress({ ...filter, ...to })), true)
  const renew = () => {
    scrollTo(0, 0)
    setEdition(edition + 1)
  }
  return (
    <>
      <PageHead title={texts.title}>
        <ExportButton query={query} />
      </PageHead>
      <FilterBar filter={filter} change={change} />
      <div class="newer" role="status">
        {list.newer.value > 0 && (
          <button type="button" class="small" onClick={renew}>
            {texts.newer(list.newer.value, count(list.newer.value))}
          </button>
        )}
      </div>
      <Content list={list} isFiltered={isNarrowed(filter)} />
    </>
  )
}

function Content({ list, isFiltered }: { list: OrderList; isFiltered: boolean }) {
  const isEmpty = list.rows.value.length === 0
  const failure = list.failure.value
  return (
    <>
      {!isEmpty && <OrderRows list={list} />}
      {isEmpty && failure === undefined && !list.isComplete.value && (
        <div class="card">
          <Skeleton lines={10} />
        </div>
      )}
      {isEmpty && list.isComplete.value && (
        <Empty title={isFiltered ? texts.noMatch : texts.none}>
          <p>{isFiltered ? texts.noMatchHint : texts.noneHint}</p>
          {!isFiltered && <SendButton />}
        </Empty>
      )}
      {failure !== undefined && <Failure error={failure} retry={() => void list.more()} />}
    </>
  )
}

/** Follows one stream for all lists that the page shows: a change between two streams would be missed. */
function useFollowing(list: OrderList): void {
  const shown = useRef(list)
  shown.current = list
  useEffect(() => {
    const stop = new AbortController()
    void follow('/api/events', { onEvents: events => shown.current.take(events) }, stop.signal)
    return () => stop.abort()
  }, [])
}

/** Restores the scroll position of a list that is opened again. */
function useScrollMemory(list: OrderList): void {
  useLayoutEffect(() => {
    scrollTo(0, list.scrolled)
    const note = () => {
      list.scrolled = scrollY
    }
    addEventListener('scroll', note, { passive: true })
    return () => removeEventListener('scroll', note)
  }, [list])
}
