import { useSignal } from '@preact/signals'
import { orderAddress } from '../orders/addresses.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { absolute, clockTime } from '../platform/time.ts'
import { gistOf, type LogEvent } from './event.ts'
import { texts } from './texts.ts'

/** An event in a line; opened, the whole event. */
export function EventRow({ event }: { event: LogEvent }) {
  const isOpen = useSignal(false)
  const { type, stream_type: streamType, stream_id: streamId, order_uid: uid, time } = event
  const timeMs = Date.parse(time)
  return (
    <li>
      <details
        onToggle={toggled => {
          isOpen.value = toggled.currentTarget.open
        }}
      >
        <summary data-row>
          <time dateTime={time} title={absolute(timeMs)}>
            {clockTime(timeMs, Date.now())}
          </time>
          <span class={`kind type-${type.replace(/[._]/g, '-')}`}>{type}</span>
          <span class="uid">{uid ?? `${streamType} ${streamId}`}</span>
          <span class="gist">{gistOf(event)}</span>
        </summary>
        {isOpen.value && <Whole event={event} />}
      </details>
    </li>
  )
}

function Whole({ event }: { event: LogEvent }) {
  const json = JSON.stringify(event, null, 2)
  return (
    <div class="whole">
      {event.order_uid !== undefined && <a href={orderAddress(event.order_uid)}>{event.order_uid}</a>}
      <div class="command">
        <pre>{json}</pre>
        <CopyButton text={json} label={texts.copy} />
      </div>
    </div>
  )
}
