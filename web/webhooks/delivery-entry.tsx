import { useSignal } from '@preact/signals'
import { orderAddress } from '../orders/addresses.ts'
import { Time } from '../parts/time.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { texts } from './texts.ts'
import { type Delivery, tones } from './webhook.ts'

type Props = {
  delivery: Delivery
  webhookId: string
  /** Reads the delivery log again. */
  refresh: () => Promise<void>
}

/** A delivery attempt: a line that opens. */
export function DeliveryEntry({ delivery, webhookId, refresh }: Props) {
  return (
    <details>
      <summary data-row>
        <span class={`tag tone-${tones[delivery.outcome]}`}>{texts.outcomes[delivery.outcome]}</span>
        <span class="type">{delivery.event_type}</span>
        <span class="uid faint">{delivery.order_uid ?? `${delivery.stream_type} ${delivery.stream_id}`}</span>
        <span class="came faint">
          {delivery.status ?? texts.noAnswer} · {texts.took(delivery.duration_ms)} · {texts.attempt(delivery.attempt)}
        </span>
        <span class="when faint">
          <Time at={delivery.attempted_at} />
        </span>
      </summary>
      <div class="delivery">
        <EventFacts delivery={delivery} />
        <ReceiverAnswer delivery={delivery} />
        <p>
          <RedeliverButton delivery={delivery} webhookId={webhookId} refresh={refresh} />
        </p>
      </div>
    </details>
  )
}

function EventFacts({ delivery }: { delivery: Delivery }) {
  return (
    <dl class="pairs">
      {delivery.order_uid !== undefined && (
        <>
          <dt>{texts.orderLink}</dt>
          <dd>
            <a href={orderAddress(delivery.order_uid)}>{delivery.order_uid}</a>
          </dd>
        </>
      )}
      <dt>{texts.eventId}</dt>
      <dd>{delivery.event_id}</dd>
      {delivery.error !== null && (
        <>
          <dt>{texts.error}</dt>
          <dd>{delivery.error}</dd>
        </>
      )}
    </dl>
  )
}

/** Shows nothing where the receiver did not answer. */
function ReceiverAnswer({ delivery: { status, answer } }: { delivery: Delivery }) {
  if (status === null) return null
  return (
    <>
      <h3>{texts.answer}</h3>
      {answer === '' ? <p class="faint">{texts.emptyAnswer}</p> : <pre class="answer">{answer}</pre>}
    </>
  )
}

function RedeliverButton({ delivery, webhookId, refresh }: Props) {
  const isSending = useSignal(false)
  const send = async () => {
    isSending.value = true
    const path = `/api/webhooks/${webhookId}/deliveries/${delivery.id}/redeliver`
    try {
      const again = await ask<Delivery>(path, { method: 'POST' })
      if (again.outcome === 'delivered') notify({ tone: 'good', text: texts.redelivered(again.status ?? 0) })
      else notify({ tone: 'bad', text: texts.notRedelivered(whatCame(again)) })
      await refresh()
    } catch (error) {
      notify({ tone: 'bad', text: error instanceof Refusal ? `${error.message}: ${error.detail}` : String(error) })
    } finally {
      isSending.value = false
    }
  }
  return (
    <button type="button" class="second small" disabled={isSending.value} onClick={send}>
      {isSending.value ? texts.sending : texts.redeliver}
    </button>
  )
}

function whatCame({ status, error }: Delivery): string {
  return status === null ? (error ?? texts.noAnswer) : texts.answered(status)
}
