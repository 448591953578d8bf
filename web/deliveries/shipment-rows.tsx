import { Time } from '../parts/time.tsx'
import { shipmentAddress } from './addresses.ts'
import type { Shipment } from './shipment.ts'
import { ShipmentState } from './shipment-parts.tsx'
import { texts } from './texts.ts'

type Props = {
  shipments: readonly Shipment[]
  selected: ReadonlySet<string>
  select: (ids: Iterable<string>) => void
}

/** A list of shipments, each of which can be selected. */
export function ShipmentRows({ shipments, selected, select }: Props) {
  const { columns } = texts
  const all = shipments.map(({ id }) => id)
  const isAllSelected = all.every(id => selected.has(id))
  const toggle = (id: string) =>
    select(selected.has(id) ? [...selected].filter(other => other !== id) : [...selected, id])
  return (
    <table class="rows shipments">
      <thead>
        <tr>
          <th scope="col" class="pick">
            <input
              type="checkbox"
              aria-label={texts.selectAll}
              checked={isAllSelected}
              onChange={() => select(isAllSelected ? [] : all)}
            />
          </th>
          <th scope="col">{columns.shipment}</th>
          <th scope="col">{columns.order}</th>
          <th scope="col" class="carrier">
            {columns.carrier}
          </th>
          <th scope="col" class="state">
            {columns.state}
          </th>
          <th scope="col" class="when">
            {columns.promised}
          </th>
        </tr>
      </thead>
      <tbody>
        {shipments.map(shipment => (
          <Row
            key={shipment.id}
            shipment={shipment}
            isSelected={selected.has(shipment.id)}
            toggle={() => toggle(shipment.id)}
          />
        ))}
      </tbody>
    </table>
  )
}

type RowProps = { shipment: Shipment; isSelected: boolean; toggle: () => void }

function Row({ shipment, isSelected, toggle }: RowProps) {
  const { id, order_uid: uid, rids, carrier, promised_by: promised, tracking_numbers: numbers } = shipment
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'x') return
    event.preventDefault()
    toggle()
  }
  return (
    <tr class={isSelected ? 'selected' : ''}>
      <td class="pick">
        <input type="checkbox" aria-label={texts.select(id)} checked={isSelected} onChange={toggle} />
      </td>
      <td class="what">
        <a href={shipmentAddress(id)} data-row onKeyDown={onKey}>
          {texts.units(rids.length)} <span class="uid faint">{numbers[0]?.number ?? id}</span>
        </a>
      </td>
      <td class="order-of">{uid}</td>
      <td class="carrier">{carrier ?? <span class="faint">{texts.noCarrier}</span>}</td>
      <td class="state">
        <ShipmentState shipment={shipment} />
      </td>
      <td class="when">{promised !== null && <Time at={promised} />}</td>
    </tr>
  )
}
