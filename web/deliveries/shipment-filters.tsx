import { FilterField, ListSearch } from '../parts/search-fields.tsx'
import { Segments } from '../parts/segments.tsx'
import { StateChips } from '../parts/state-chips.tsx'
import { commonTexts } from '../parts/texts.ts'
import { findShipment, isShipmentId } from './search.ts'
import { states } from './shipment.ts'
import { type ShipmentFilter, workLists } from './shipment-filter.ts'
import { texts } from './texts.ts'

const words = texts.filters

type Props = {
  filter: ShipmentFilter
  change: (to: Partial<ShipmentFilter>) => void
  /** Opens a page. */
  open: (address: string) => void
}

/** The filters of the list; the id of a shipment, or a tracking number that one shipment has, leads to the shipment itself. */
export function ShipmentFilters({ filter, change, open }: Props) {
  const find = async (text: string) => {
    if (text === '') return change({ order_uid: '', tracking_number: '' })
    const { address, isFound } = await findShipment(text)
    if (isFound || isShipmentId(text)) open(address)
    else change({ order_uid: text, tracking_number: '' })
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
        <ListSearch label={words.find} value={filter.order_uid || filter.tracking_number} find={find} />
        <FilterField label={words.carrier} value={filter.carrier} find={carrier => change({ carrier })} />
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
