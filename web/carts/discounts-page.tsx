import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ListSearch } from '../parts/search-fields.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { notify } from '../platform/notices.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { discountsAddress } from './addresses.ts'
import { type Discount, type DiscountRow, readDiscounts, toRow } from './discount.ts'
import { DiscountForm } from './discount-form.tsx'
import { DiscountRows } from './discount-rows.tsx'
import { EndDialog } from './price-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const codeCharactersMax = 64
const states = ['all', 'true', 'false'] as const
const words = texts.discounts

type Filter = { code: string; active: (typeof states)[number] }

/** What is asked: the fields of a discount, a new one if there is none, or whether to deactivate it. */
type Asked = { what: 'save' | 'end'; discount: DiscountRow | undefined }

/** All discount codes. */
export default function DiscountsPage() {
  const location = useLocation()
  const { code = '', active: given } = location.query
  const filter: Filter = { code, active: states.find(state => state === given) ?? 'all' }
  const asked = useSignal<Asked | undefined>(undefined)
  const address = addressOfList(filter)
  const list = useMemo(() => new PagedList<DiscountRow>(address, readDiscounts), [address])
  useFreshList(list, refreshEveryMs)
  const change = (to: Partial<Filter>) => location.route(discountsAddress(toParameters({ ...filter, ...to })), true)
  const isNarrowed = Object.keys(toParameters(filter)).length > 0
  return (
    <>
      <PageHead title={words.title}>
        <button type="button" onClick={() => (asked.value = { what: 'save', discount: undefined })}>
          {words.add}
        </button>
      </PageHead>
      <Filters filter={filter} change={change} />
      <ListContent
        list={list}
        mayBeMissing={filter.code !== ''}
        more={texts.more}
        none={isNarrowed ? words.noMatch : words.none}
        hint={isNarrowed ? undefined : words.noneHint}
        clear={isNarrowed ? () => change({ code: '', active: 'all' }) : undefined}
      >
        {rows => (
          <DiscountRows
            discounts={rows}
            edit={discount => (asked.value = { what: 'save', discount })}
            end={discount => (asked.value = { what: 'end', discount })}
          />
        )}
      </ListContent>
      {asked.value !== undefined && (
        <AskedDialog asked={asked.value} list={list} close={() => (asked.value = undefined)} />
      )}
    </>
  )
}

/** The filter as the parameters of the page's address, which are the API's but for `code`. */
function toParameters({ code, active }: Filter): Record<string, string> {
  if (code !== '') return { code }
  return active === 'all' ? {} : { active }
}

/** A code is read by its own address. */
function addressOfList(filter: Filter): string {
  if (filter.code !== '') return `/api/discounts/${encodeURIComponent(filter.code)}`
  return `/api/discounts?${new URLSearchParams({ ...toParameters(filter), limit: String(pageSize) })}`
}

function Filters({ filter, change }: { filter: Filter; change: (to: Partial<Filter>) => void }) {
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <div class="filter-row">
        <ListSearch
          label={words.find}
          value={filter.code}
          charactersMax={codeCharactersMax}
          find={code => change({ code })}
        />
        <Segments
          legend={texts.state}
          name="active"
          options={states}
          chosen={filter.active}
          choose={active => change({ code: '', active })}
          label={state => words.states[state]}
        />
      </div>
    </section>
  )
}

type DialogProps = { asked: Asked; list: PagedList<DiscountRow>; close: () => void }

function AskedDialog({ asked: { what, discount }, list, close }: DialogProps) {
  const saved = (now: Discount) => {
    close()
    if (discount === undefined) void list.renew()
    else list.replace(toRow(now))
  }
  if (what === 'save' || discount === undefined) return <DiscountForm discount={discount} done={saved} close={close} />
  const { code } = discount
  return (
    <EndDialog
      title={texts.deactivateTitle(code)}
      text={words.deactivateText}
      submit={texts.deactivate}
      path={`/api/discounts/${encodeURIComponent(code)}`}
      done={() => {
        notify({ tone: 'good', text: texts.deactivated(code) })
        saved({ ...discount, active: false })
      }}
      close={close}
    />
  )
}
