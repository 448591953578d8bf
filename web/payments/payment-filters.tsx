import type { TargetedSubmitEvent } from 'preact'
import { textOf } from '../parts/form-dialog.tsx'
import { StateChips } from '../parts/state-chips.tsx'
import { commonTexts } from '../parts/texts.ts'
import { states } from './payment.ts'
import type { PaymentFilter } from './payment-filter.ts'
import { isPaymentId } from './search.ts'
import { texts } from './texts.ts'

const idCharactersMax = 64
const words = texts.filters

type Props = {
  filter: PaymentFilter
  change: (to: Partial<PaymentFilter>) => void
  /** Opens a payment. */
  open: (id: string) => void
}

/** The filters of the list; the id of a payment leads to the payment itself. */
export function PaymentFilters({ filter, change, open }: Props) {
  const find = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = textOf(new FormData(event.currentTarget), 'id')
    if (isPaymentId(text)) open(text)
    else change({ order_uid: text })
  }
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
        <form class="payment-search" onSubmit={find}>
          <input
            key={filter.order_uid}
            type="search"
            name="id"
            aria-label={words.find}
            placeholder={words.find}
            maxLength={idCharactersMax}
            defaultValue={filter.order_uid}
            autocomplete="off"
            spellcheck={false}
          />
        </form>
        <input
          type="search"
          class="fitting"
          aria-label={words.provider}
          placeholder={words.provider}
          maxLength={idCharactersMax}
          value={filter.provider}
          onChange={event => change({ provider: event.currentTarget.value.trim() })}
        />
      </div>
    </section>
  )
}
