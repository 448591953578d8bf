import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ListSearch } from '../parts/search-fields.tsx'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { itemAddress, itemsAddress } from './addresses.ts'
import { useStocks } from './by-number.ts'
import { type ItemRow, readItems } from './item.ts'
import { ItemForm } from './item-form.tsx'
import { ItemRows } from './item-rows.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const wordsCharactersMax = 300
const states = ['all', 'true', 'false'] as const

type Filter = { q: string; active: (typeof states)[number] }

/** All items by their numbers, with what is available of them. */
export default function ItemsPage() {
  const location = useLocation()
  const { q = '', active: given } = location.query
  const filter: Filter = { q, active: states.find(state => state === given) ?? 'all' }
  const isAdding = useSignal(false)
  const query = new URLSearchParams({ ...toParameters(filter), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<ItemRow>(`/api/items?${query}`, readItems), [query])
  useFreshList(list, refreshEveryMs)
  const change = (to: Partial<Filter>) => location.route(itemsAddress(toParameters({ ...filter, ...to })), true)
  return (
    <>
      <PageHead title={texts.title}>
        <button
          type="button"
          onClick={() => {
            isAdding.value = true
          }}
        >
          {texts.form.add}
        </button>
      </PageHead>
      <Filters filter={filter} change={change} />
      <Content
        list={list}
        isNarrowed={Object.keys(toParameters(filter)).length > 0}
        clear={() => change({ q: '', active: 'all' })}
      />
      {isAdding.value && (
        <ItemForm
          done={item => location.route(itemAddress(item.chrt_id))}
          close={() => {
            isAdding.value = false
          }}
        />
      )}
    </>
  )
}

/** The filter as the parameters of the page's address, which are the API's. */
function toParameters({ q, active }: Filter): Record<string, string> {
  return { ...(q === '' ? {} : { q }), ...(active === 'all' ? {} : { active }) }
}

function Filters({ filter, change }: { filter: Filter; change: (to: Partial<Filter>) => void }) {
  const words = texts.filters
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <div class="filter-row">
        <ListSearch label={words.find} value={filter.q} charactersMax={wordsCharactersMax} find={q => change({ q })} />
        <Segments
          legend={words.state}
          name="active"
          options={states}
          chosen={filter.active}
          choose={active => change({ active })}
          label={state => words.states[state]}
        />
      </div>
    </section>
  )
}

type ContentProps = { list: PagedList<ItemRow>; isNarrowed: boolean; clear: () => void }

function Content({ list, isNarrowed, clear }: ContentProps) {
  const rows = list.rows.value
  const chrtIds = useMemo(() => rows?.map(row => row.chrt_id), [rows])
  const stocks = useStocks(chrtIds)
  return (
    <ListContent
      list={list}
      failure={stocks.failure}
      lines={8}
      none={isNarrowed ? texts.noMatch : texts.none}
      hint={isNarrowed ? texts.noMatchHint : texts.noneHint}
      clear={isNarrowed ? clear : undefined}
      more={texts.more}
    >
      {rows => <ItemRows items={rows} stocks={stocks.found} />}
    </ListContent>
  )
}
