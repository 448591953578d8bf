import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { MoreButton } from '../parts/more-button.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { FilterField } from '../parts/search-fields.tsx'
import { Segments } from '../parts/segments.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { PagedList } from '../platform/paged.ts'
import { DeliveryEntry } from './delivery-entry.tsx'
import { texts } from './texts.ts'
import type { Delivery } from './webhook.ts'

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
  useFreshList(list, refreshEveryMs)
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
        <FilterField label={texts.order} value={orderUid.value} find={text => (orderUid.value = text)} />
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
            <DeliveryEntry delivery={delivery} webhookId={webhookId} refresh={() => list.refresh()} />
          </li>
        ))}
      </ol>
      <MoreButton list={list} label={texts.more} />
    </>
  )
}
