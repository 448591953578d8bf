import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { ListSearch } from '../parts/search-fields.tsx'
import { StateChips } from '../parts/state-chips.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { returnAddress, returnsAddress } from './addresses.ts'
import { type Return, states } from './return.ts'
import { type ReturnFilter, readFilter, toParameters } from './return-filter.ts'
import { ReturnState } from './return-parts.tsx'
import { isReturnId } from './search.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 3_000
const pageSize = 50

/** The returns of all orders, newest first: a work list for those who approve, receive and refund them. */
export default function ReturnsPage() {
  const location = useLocation()
  const filter = readFilter(location.query)
  const query = new URLSearchParams({ ...toParameters(filter), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<Return>(`/api/returns?${query}`), [query])
  useFreshList(list, refreshEveryMs)
  const change = (to: Partial<ReturnFilter>) => location.route(returnsAddress(toParameters({ ...filter, ...to })), true)
  const isNarrowed = Object.keys(toParameters(filter)).length > 0
  return (
    <>
      <PageHead title={texts.title} />
      <section class="filters" aria-label={commonTexts.filters}>
        <StateChips
          legend={texts.filters.state}
          states={states}
          chosen={filter.state}
          choose={state => change({ state })}
          label={state => texts.states[state]}
        />
        <div class="filter-row">
          <ListSearch
            label={texts.filters.find}
            value={filter.order_uid}
            find={text => (isReturnId(text) ? location.route(returnAddress(text)) : change({ order_uid: text }))}
          />
        </div>
      </section>
      <ListContent
        list={list}
        none={isNarrowed ? texts.noMatch : texts.none}
        hint={isNarrowed ? texts.noMatchHint : texts.noneHint}
        clear={isNarrowed ? () => change({ state: [], order_uid: '' }) : undefined}
        more={texts.more}
      >
        {rows => <Rows returns={rows} />}
      </ListContent>
    </>
  )
}

function Rows({ returns }: { returns: readonly Return[] }) {
  const { columns } = texts
  return (
    <table class="rows returns">
      <thead>
        <tr>
          <th scope="col">{columns.return}</th>
          <th scope="col">{columns.order}</th>
          <th scope="col" class="state">
            {columns.state}
          </th>
          <th scope="col" class="amount">
            {columns.amount}
          </th>
          <th scope="col" class="when">
            {columns.when}
          </th>
        </tr>
      </thead>
      <tbody>
        {returns.map(one => (
          <tr key={one.id}>
            <td class="what">
              <a href={returnAddress(one.id)} data-row>
                {texts.units(one.rids.length)} <span class="uid faint">{one.id}</span>
              </a>
            </td>
            <td class="order-of">{one.order_uid}</td>
            <td class="state">
              <ReturnState of={one} />
            </td>
            <td class="amount" data-label={columns.amount}>
              {money(one.state === 'refunded' ? one.refund.refunded : one.refund.expected, one.currency)}
            </td>
            <td class="when">
              <Time at={one.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
