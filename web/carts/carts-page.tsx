import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ListSearch } from '../parts/search-fields.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { cartAddress, cartsAddress } from './addresses.ts'
import { type CartFilter, type CartRow, filterIn, type Listed, listed, toParameters } from './cart.ts'
import { buyerOf, CartStateTags } from './cart-parts.tsx'
import { idForm } from './search.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const buyerCharactersMax = 300

/** All carts of a state, or those of a customer, newest first. */
export default function CartsPage() {
  const location = useLocation()
  const filter = filterIn(location.query)
  const { shown, buyer } = filter
  const query = new URLSearchParams({ ...toParameters(filter), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<CartRow>(`/api/carts?${query}`), [query])
  useFreshList(list, refreshEveryMs)
  const change = (to: Partial<CartFilter>) => location.route(cartsAddress(toParameters({ ...filter, ...to })), true)
  const find = (text: string) => (idForm.test(text) ? location.route(cartAddress(text)) : change({ buyer: text }))
  return (
    <>
      <PageHead title={texts.title} />
      <section class="filters" aria-label={commonTexts.filters}>
        <div class="filter-row">
          <ListSearch label={texts.find} value={buyer} charactersMax={buyerCharactersMax} find={find} />
          <Segments
            legend={texts.state}
            name="state"
            options={listed}
            chosen={shown}
            choose={to => change({ shown: to })}
            label={(option: Listed) => texts.listed[option]}
          />
        </div>
      </section>
      <ListContent
        list={list}
        more={texts.more}
        none={noneOf(filter)}
        hint={shown === 'open' && buyer === '' ? texts.noneHint : undefined}
        clear={buyer === '' ? undefined : () => change({ buyer: '' })}
      >
        {rows => <Rows carts={rows} />}
      </ListContent>
    </>
  )
}

function noneOf({ shown, buyer }: CartFilter): string {
  if (buyer !== '') return texts.noMatch
  return shown === 'open' ? texts.none : texts.noneListed[shown]
}

function Rows({ carts }: { carts: readonly CartRow[] }) {
  const { columns } = texts
  return (
    <table class="rows carts">
      <thead>
        <tr>
          <th scope="col">{columns.cart}</th>
          <th scope="col" class="units">
            {columns.items}
          </th>
          <th scope="col" class="state">
            {columns.state}
          </th>
          <th scope="col" class="when">
            {columns.changed}
          </th>
        </tr>
      </thead>
      <tbody>
        {carts.map(cart => (
          <tr key={cart.id}>
            <td class="what">
              <a href={cartAddress(cart.id)} data-row>
                {buyerOf(cart)} <span class="uid faint">{cart.id}</span>
              </a>
            </td>
            <td class="units">{texts.size(count(cart.units), count(cart.lines))}</td>
            <td class="state">
              <CartStateTags cart={cart} />
            </td>
            <td class="when">
              <Time at={cart.updated_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
