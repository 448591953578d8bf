import type { TargetedSubmitEvent } from 'preact'
import { textOf } from '../parts/form-dialog.tsx'
import { Segments } from '../parts/segments.tsx'
import { StateChips } from '../parts/state-chips.tsx'
import { commonTexts } from '../parts/texts.ts'
import { findShipment, isShipmentId } from './search.ts'
import { states } from './shipment.ts'
import { type ShipmentFilter, workLists } from './shipment-filter.ts'
import { texts } from './texts.ts'

const charactersMax = 64
const words = texts.filters

type Props = {
  filter: ShipmentFilter
  change: (to: Partial<ShipmentFilter>) => void
  /** Opens a page. */
  open: (address: string) => void
}

/** The filters of the list; the id of a shipment, or a tracking number that one shipment has, leads to the shipment itself. */
export function ShipmentFilters({ filter, change, open }: Props) {
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
        <Find filter={filter} change={change} open={open} />
        <input
          type="search"
          class="fitting"
          aria-label={words.carrier}
          placeholder={words.carrier}
          maxLength={charactersMax}
          value={filter.carrier}
          onChange={event => change({ carrier: event.currentTarget.value.trim() })}
        />
        <Segments
          legend={texts.work.legend}
          name="work"
          options={workLists}
          chosen={filter.work}
          choose={work => change({ work })}
          label={option => texts.work[option]}
        />
      </div>
    </section>
  )
}

function Find({ filter, change, open }: Props) {
  const find = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = textOf(new FormData(event.currentTarget), 'find')
    if (text === '') return change({ order_uid: '', tracking_number: '' })
    const { address, isFound } = await findShipment(text)
    if (isFound || isShipmentId(text)) open(address)
    else change({ order_uid: text, tracking_number: '' })
  }
  return (
    <form class="list-search" onSubmit={find}>
      <input
        key={filter.order_uid || filter.tracking_number}
        type="search"
        name="find"
        aria-label={words.find}
        placeholder={words.find}
        maxLength={charactersMax}
        defaultValue={filter.order_uid || filter.tracking_number}
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  )
}
