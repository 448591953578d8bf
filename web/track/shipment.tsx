import { useId } from 'preact/hooks'
import type { TrackedOrderParcel, TrackedShipment } from '../../src/order-tracking/views.ts'
import { localText, texts, timeText } from './texts.ts'

/** What goes out together: how far it is, when it is expected, and what carriers have said of its parcels. */
export function Shipment({ shipment, title }: { shipment: TrackedShipment; title: string }) {
  const titleId = useId()
  const { state, status, late, parcels } = shipment
  const isSaid = status !== null && status !== state && status !== 'unknown'
  return (
    <section class="card stack" aria-labelledby={titleId}>
      <h2 id={titleId}>{title}</h2>
      <p class="tags">
        <span class={`tag tone-${state === 'delivered' ? 'good' : 'active'}`}>{texts.states[state]}</span>
        {isSaid && <span class="tag tone-plain">{texts.statuses[status]}</span>}
        {late && <span class="tag tone-bad">{texts.late}</span>}
        <span>{texts.units(shipment.units)}</span>
      </p>
      <Facts shipment={shipment} />
      {parcels.map(parcel => (
        <Parcel key={`${parcel.tracking_number} ${parcel.carrier}`} parcel={parcel} />
      ))}
    </section>
  )
}

function Facts({ shipment }: { shipment: TrackedShipment }) {
  const words = texts.facts
  const { carrier, estimated_delivery_at: estimated, promised_by: promised } = shipment
  const { shipped_at: shipped, delivered_at: delivered } = shipment
  const facts = [
    [words.carrier, carrier],
    // When it was expected says nothing once it is there.
    [words.estimated, delivered === null && estimated !== null ? timeText(estimated) : null],
    [words.promised, delivered === null && promised !== null ? timeText(promised) : null],
    [words.shipped, shipped === null ? null : timeText(shipped)],
    [words.delivered, delivered === null ? null : timeText(delivered)],
  ] as const
  const known = facts.filter(([, text]) => text !== null)
  if (known.length === 0) return null
  return (
    <dl class="pairs">
      {known.map(([name, text]) => [<dt key={name}>{name}</dt>, <dd key={`${name}-value`}>{text}</dd>])}
    </dl>
  )
}

function Parcel({ parcel }: { parcel: TrackedOrderParcel }) {
  const { tracking_number: number, carrier, role, checkpoints } = parcel
  const about = texts.roles[role]
  return (
    <div class="stack">
      <h3>{texts.parcel(number, carrier ?? '')}</h3>
      {about !== '' && <p class="faint">{about}</p>}
      {checkpoints.length === 0 && <p class="faint">{texts.nothing}</p>}
      {checkpoints.length > 0 && (
        <ol class="timeline">
          {checkpoints.map(({ status, reason, occurred_local: local, place }, index) => (
            <li key={checkpoints.length - index}>
              <p class="what">{texts.statuses[status]}</p>
              {reason !== null && <p>{texts.reason(reason)}</p>}
              <p class="faint">{[localText(local), place].filter(Boolean).join(' · ')}</p>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}
