import { webAddressOf } from '../platform/web-address.ts'
import { type Shipment, type TrackingNumber, tones, trackingTone } from './shipment.ts'
import { texts } from './texts.ts'

/** The state of a shipment as a tag, what its carrier last said, and whether somebody has to look after it. */
export function ShipmentState({ shipment }: { shipment: Shipment }) {
  const { state, tracking_status: tracking, late, silent } = shipment
  const isSaid = tracking !== null && tracking !== state
  return (
    <span class="tags">
      <span class={`tag tone-${tones[state]}`}>{texts.states[state]}</span>
      {isSaid && <span class={`tag tone-${trackingTone(tracking)}`}>{texts.tracking(tracking)}</span>}
      {late && <span class="tag tone-bad">{texts.late}</span>}
      {silent && <span class="tag tone-attention">{texts.silent}</span>}
    </span>
  )
}

/** The numbers that a carrier knows a shipment by. */
export function TrackingNumbers({ of }: { of: readonly TrackingNumber[] }) {
  const words = texts.numbers
  if (of.length === 0) return <p class="faint">{words.none}</p>
  return (
    <ul class="tracking-numbers">
      {of.map(number => {
        const address = number.url === null ? undefined : webAddressOf(number.url)
        const notes = [number.carrier ?? '', words.roles[number.role]].filter(Boolean).join(' · ')
        return (
          <li key={number.number}>
            <span class="number">{number.number}</span> <span class="faint">{notes}</span>
            {number.status !== null && (
              <span class={`tag tone-${trackingTone(number.status)}`}>{texts.tracking(number.status)}</span>
            )}
            {number.check === 'invalid' && <span class="warning">{words.invalid}</span>}
            {address !== undefined && (
              <a href={address} target="_blank" rel="noopener noreferrer">
                {words.link}
              </a>
            )}
          </li>
        )
      })}
    </ul>
  )
}
