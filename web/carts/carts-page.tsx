import type { TargetedSubmitEvent } from 'preact'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { textOf } from '../parts/form-dialog.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { cartAddress, cartsAddress } from './addresses.ts'
import { type CartRow, type Listed, listed, listedIn, toParameters } from './cart.ts'
import { buyerOf, CartStateTags } from './cart-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const idCharactersMax = 64

/** All carts of a state, newest first. */
export default function CartsPage() {
  const location = useLocation()
  const shown = listedIn(location.query)
  const query = new URLSearchParams({ ...toParameters(shown), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<CartRow>(`/api/carts?${query}`), [query])
  useFreshList(list, refreshEveryMs)
  return (
    <>
      <PageHead title={texts.title} />
      <section class="filters" aria-label={commonTexts.filters}>
        <div class="filter-row">
          <Find open={id => location.route(cartAddress(id))} />
          <Segments
            legend={texts.state}
            name="state"
            options={listed}
            chosen={shown}
            choose={to => location.route(cartsAddress(toParameters(to)), true)}
            label={(option: Listed) => texts.listed[option]}
          />
        </div>
      </section>
      <ListContent
        list={list}
        more={texts.more}
        none={shown === 'open' ? texts.none : texts.noneListed[shown]}
        hint={shown === 'open' ? texts.noneHint : undefined}
      >
        {rows => <Rows carts={rows} />}
      </ListContent>
    </>
  )
}

function Find({ open }: { open: (id: string) => void }) {
  const find = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    open(textOf(new FormData(event.currentTarget), 'id'))
  }
  return (
    <form class="list-search" onSubmit={find}>
      <input
        type="search"
        name="id"
        required
        pattern=".*\S.*"
        aria-label={texts.find}
        placeholder={texts.find}
        maxLength={idCharactersMax}
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  )
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
