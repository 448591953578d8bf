import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { orderAddress } from '../orders/addresses.ts'
import { usePolling } from '../parts/polling.ts'
import { Segments } from '../parts/segments.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { PagedList } from '../platform/paged.ts'
import { texts } from './texts.ts'
import { type Delivery, tones } from './webhook.ts'

const refreshEveryMs = 2_000
const pageSize = 50
const outcomes = ['', 'delivered', 'failed', 'given_up'] as const

/** The delivery log of a webhook, newest first; each delivery can be sent again. */
export function Deliveries({ webhookId }: { webhookId: string }) {
  const outcome = useSignal<(typeof outcomes)[number]>('')
  const orderUid = useSignal('')
  const chosen = Object.entries({ outcome: outcome.value, order_uid: orderUid.value }).filter(([, text]) => text !== '')
  const query = new URLSearchParams([...chosen, ['limit', String(pageSize)]]).toString()
  const list = useMemo(
    () => new PagedList<Delivery>(`/api/webhooks/${webhookId}/deliveries?${query}`),
    [webhookId, query],
  )
  useEffect(() => void list.renew(), [list])
  usePolling(
    useCallback(() => list.refresh(), [list]),
    refreshEveryMs,
  )
  return (
    <section class="card" aria-labelledby="deliveries-title">
      <div class="card-head">
        <h2 id="deliveries-title">{texts.deliveries}</h2>
        <Segments
          legend={texts.outcome}
          name="outcome"
          options={outcomes}
          chosen={outcome.value}
          choose={name => {
            outcome.value = name
          }}
          label={name => texts.outcomes[name]}
        />
        <input
          type="search"
          class="fitting"
          aria-label={texts.order}
          placeholder={texts.order}
          maxLength={64}
          onChange={event => {
            orderUid.value = event.currentTarget.value.trim()
          }}
        />
      </div>
      <Content list={list} isNarrowed={chosen.length > 0} webhookId={webhookId} />
    </section>
  )
}

type ContentProps = { list: PagedList<Delivery>; isNarrowed: boolean; webhookId: string }

function Content({ list, isNarrowed, webhookId }: ContentProps) {
  const rows = list.rows.value
  const failure = list.failure.value
  if (failure !== undefined) return <Failure error={failure} retry={() => void list.renew()} />
  if (rows === undefined) return <Skeleton lines={5} />
  if (rows.length === 0) {
    return (
      <Empty title={isNarrowed ? texts.noMatch : texts.noDeliveries}>
        {!isNarrowed && <p>{texts.noDeliveriesHint}</p>}
      </Empty>
    )
  }
  return (
    <>
      <ol class="deliveries">
        {rows.map(delivery => (
          <li key={delivery.id}>
            <Entry delivery={delivery} webhookId={webhookId} refresh={() => list.refresh()} />
          </li>
        ))}
      </ol>
      {!list.isComplete.value && (
        <p class="table-foot">
          <button type="button" class="second" disabled={list.isLoading.value} onClick={() => void list.more()}>
            {texts.more}
          </button>
        </p>
      )}
    </>
  )
}

type EntryProps = { delivery: Delivery; webhookId: string; refresh: () => Promise<void> }

function Entry({ delivery, webhookId, refresh }: EntryProps) {
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
        {delivery.status !== null && <h3>{texts.answer}</h3>}
        {delivery.status !== null &&
          (delivery.answer === '' ? (
            <p class="faint">{texts.emptyAnswer}</p>
          ) : (
            <pre class="answer">{delivery.answer}</pre>
          ))}
        <p>
          <button type="button" class="second small" disabled={isSending.value} onClick={send}>
            {isSending.value ? texts.sending : texts.redeliver}
          </button>
        </p>
      </div>
    </details>
  )
}

function whatCame({ status, error }: Delivery): string {
  return status === null ? (error ?? texts.noAnswer) : texts.answered(status)
}
