import { Skeleton } from '../parts/states.tsx'
import { statusText } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { wordsOf } from '../shell/event-words.ts'
import type { TimelineEvent } from './order-model.ts'
import { texts } from './texts.ts'

const words = texts.timeline
/** Fields that the page shows elsewhere, or that mean nothing to a reader. */
const leftOut = [
  'status',
  'payment_status',
  'delivery_status',
  'version',
  'previous_status',
  'previous_payment_status',
  'reason',
  'actor',
]

/** Lists the events of the order, newest first. */
export function Timeline({ events }: { events: readonly TimelineEvent[] }) {
  if (events.length === 0) return <Skeleton lines={3} />
  return (
    <ol class="timeline" reversed>
      {events.map(event => (
        <li key={event.id} class={`event type-${event.type.replace(/[._]/g, '-')}`}>
          <p class="event-title">{wordsOf(event)?.title ?? titleOf(event)}</p>
          <Details event={event} />
          <p class="faint">
            <Time at={event.time} isAbsolute />
          </p>
        </li>
      ))}
    </ol>
  )
}

/** An event in words: `parcel.lost` is "Parcel lost" unless a text says otherwise. */
function titleOf({ type, data }: TimelineEvent): string {
  if (type === 'order.payment_status_changed') return words.paid(statusText(String(data.payment_status)))
  const name = type.replace(/[._]/g, ' ')
  return (texts.timeline.titles as Record<string, string>)[type] ?? name.charAt(0).toUpperCase() + name.slice(1)
}

function Details({ event }: { event: TimelineEvent }) {
  const { data } = event
  const { reason, actor, previous_status: status, previous_payment_status: paid } = data
  const before = status ?? paid
  const facts = factsOf(event)
  return (
    <>
      {typeof reason === 'string' && reason !== '' && <p class="reason">{reason}</p>}
      {typeof actor === 'string' && actor !== '' && (
        <p class="faint">{words.by(actor, typeof before === 'string' ? statusText(before) : '')}</p>
      )}
      {facts.length > 0 && (
        <dl class="pairs">
          {facts.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}-value`}>{value}</dd>])}
        </dl>
      )}
    </>
  )
}

/** What else is to be said of an event, each with its label. */
function factsOf(event: TimelineEvent): readonly (readonly [label: string, value: string])[] {
  const words = wordsOf(event)
  if (words !== undefined) return words.facts
  // The page itself shows the order as it was placed.
  if (event.type === 'order.placed') return []
  return Object.entries(event.data)
    .filter(([name, value]) => !leftOut.includes(name) && typeof value !== 'object')
    .map(([name, value]) => [name.replaceAll('_', ' '), String(value)])
}
