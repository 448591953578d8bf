import { deliveryStatuses, orderStatuses, paymentStatuses } from '../../src/orders/order.ts'
import { statusText } from '../parts/status.tsx'
import { commonTexts } from '../parts/texts.ts'
import { isNarrowed, type OrderFilter } from './order-filter.ts'
import { texts } from './texts.ts'

/** On narrow windows the fields are collapsed. */
const isWide = matchMedia('(min-width: 48rem)')

function hasFields({ payment_status: payment, delivery_status: delivery, from, to, sort }: OrderFilter): boolean {
  return [payment, delivery, from, to].some(value => value !== '') || sort !== 'newest'
}

type Props = { filter: OrderFilter; change: (to: Partial<OrderFilter>) => void }

/** The filters and the sort order; each change goes into the address. */
export function FilterBar({ filter, change }: Props) {
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <StatusChips filter={filter} change={change} />
      <details class="more" open={isWide.matches || hasFields(filter)}>
        <summary>{texts.filters.more}</summary>
        <div class="fields">
          <Choice name="payment_status" values={paymentStatuses} filter={filter} change={change} />
          <Choice name="delivery_status" values={deliveryStatuses} filter={filter} change={change} />
          <Day name="from" filter={filter} change={change} />
          <Day name="to" filter={filter} change={change} />
          <SortChoice filter={filter} change={change} />
        </div>
      </details>
      {isNarrowed(filter) && <ClearButtons filter={filter} change={change} />}
    </section>
  )
}

function StatusChips({ filter, change }: Props) {
  const toggle = (status: string) =>
    change({
      status: filter.status.includes(status)
        ? filter.status.filter(other => other !== status)
        : [...filter.status, status],
    })
  return (
    <fieldset class="chips">
      <legend class="hidden">{texts.filters.status}</legend>
      {orderStatuses.map(status => (
        <label key={status} class="chip">
          <input type="checkbox" checked={filter.status.includes(status)} onChange={() => toggle(status)} />
          <span>{statusText(status)}</span>
        </label>
      ))}
    </fieldset>
  )
}

function SortChoice({ filter, change }: Props) {
  return (
    <label class="field">
      {texts.filters.sort}
      <select
        value={filter.sort}
        onChange={event => change({ sort: event.currentTarget.value === 'oldest' ? 'oldest' : 'newest' })}
      >
        <option value="newest">{texts.filters.newest}</option>
        <option value="oldest">{texts.filters.oldest}</option>
      </select>
    </label>
  )
}

/** Buttons that clear a filter which has no field here, such as the search, and one that clears all of them. */
function ClearButtons({ filter, change }: Props) {
  const words = (['q', 'customer_id', 'track_number'] as const).filter(name => filter[name] !== '')
  const nothing: OrderFilter = {
    ...{ q: '', status: [], payment_status: '', delivery_status: '', customer_id: '', track_number: '' },
    ...{ from: '', to: '', sort: filter.sort },
  }
  return (
    <p class="narrowed">
      {words.map(name => (
        <button key={name} type="button" class="quiet small" onClick={() => change({ [name]: '' })}>
          {texts.filters.without(texts.filters[name], filter[name])}
        </button>
      ))}
      <button type="button" class="quiet small" onClick={() => change(nothing)}>
        {commonTexts.clearFilters}
      </button>
    </p>
  )
}

type Part<Name> = Props & { name: Name }

function Choice(props: Part<'payment_status' | 'delivery_status'> & { values: readonly string[] }) {
  const { name, filter, change, values } = props
  return (
    <label class="field">
      {texts.filters[name]}
      <select value={filter[name]} onChange={event => change({ [name]: event.currentTarget.value })}>
        <option value="">{texts.filters.any}</option>
        {values.map(value => (
          <option key={value} value={value}>
            {statusText(value)}
          </option>
        ))}
      </select>
    </label>
  )
}

function Day({ name, filter, change }: Part<'from' | 'to'>) {
  return (
    <label class="field">
      {texts.filters[name]}
      <input type="date" value={filter[name]} onChange={event => change({ [name]: event.currentTarget.value })} />
    </label>
  )
}
