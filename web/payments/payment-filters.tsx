import { FilterField, ListSearch } from '../parts/search-fields.tsx'
import { StateChips } from '../parts/state-chips.tsx'
import { commonTexts } from '../parts/texts.ts'
import { states } from './payment.ts'
import type { PaymentFilter } from './payment-filter.ts'
import { isPaymentId } from './search.ts'
import { texts } from './texts.ts'

const words = texts.filters

type Props = {
  filter: PaymentFilter
  change: (to: Partial<PaymentFilter>) => void
  /** Opens a payment. */
  open: (id: string) => void
}

/** The filters of the list; the id of a payment leads to the payment itself. */
export function PaymentFilters({ filter, change, open }: Props) {
  const find = (text: string) => (isPaymentId(text) ? open(text) : change({ order_uid: text }))
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <StateChips
        legend={words.state}
        states={states}
        chosen={filter.state}
        choose={state => change({ state })}
        label={state => texts.states[state]}
      />
      <div class="filter-row">
        <ListSearch label={words.find} value={filter.order_uid} find={find} />
        <FilterField label={words.provider} value={filter.provider} find={provider => change({ provider })} />
      </div>
    </section>
  )
}
