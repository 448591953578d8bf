import { useMemo } from 'preact/hooks'
import { useLocation, useRoute } from 'preact-iso'
import { orderAddress } from '../orders/addresses.ts'
import { useFreshModel } from '../parts/fresh.ts'
import { Time, TimeFact } from '../parts/time.tsx'
import { isNotFound } from '../platform/api.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { PageHead } from '../shell/page.tsx'
import { shipmentsAddress, slipsAddress } from './addresses.ts'
import { Checkpoints } from './checkpoints.tsx'
import type { ShipmentWithEstimates } from './shipment.ts'
import { ShipmentActions } from './shipment-actions.tsx'
import { readShipment } from './shipment-model.ts'
import { ShipmentState, TrackingNumbers } from './shipment-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 2_000

/** One shipment: what is in it, what its carrier says, and what can be asked of it now. */
export default function ShipmentPage() {
  const { id = '' } = useRoute().params
  const { route } = useLocation()
  const model = useMemo(() => readShipment(id), [id])
  useFreshModel(model, refreshEveryMs)
  const shipment = model.value.value
  return (
    <DetailPage
      list={{ href: shipmentsAddress(), title: texts.title }}
      heading={
        <PageHead title={isNotFound(model.failure.value) ? texts.shipment : id}>
          {shipment !== undefined && (
            <>
              <button type="button" class="quiet" onClick={() => route(slipsAddress([id]))}>
                {texts.slip.one}
              </button>
              <ShipmentActions shipment={shipment} load={() => model.load()} />
            </>
          )}
        </PageHead>
      }
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {shipment !== undefined && <Content shipment={shipment} />}
    </DetailPage>
  )
}

function Content({ shipment }: { shipment: ShipmentWithEstimates }) {
  return (
    <>
      <div class="summary-line">
        <span class="figure">{texts.units(shipment.rids.length)}</span>
        <ShipmentState shipment={shipment} />
      </div>
      <div class="beside">
        <div class="stack">
          <section class="card stack" aria-labelledby="contents-title">
            <h2 id="contents-title">{texts.contents}</h2>
            <Units shipment={shipment} />
          </section>
          <section class="card stack" aria-labelledby="numbers-title">
            <h2 id="numbers-title">{texts.numbers.title}</h2>
            <TrackingNumbers of={shipment.tracking_numbers} />
          </section>
          <Checkpoints id={shipment.id} everyMs={refreshEveryMs} />
          <Estimates shipment={shipment} />
        </div>
        <Facts shipment={shipment} />
      </div>
    </>
  )
}

function Units({ shipment }: { shipment: ShipmentWithEstimates }) {
  return (
    <ul class="unit-list">
      {shipment.units.map(({ rid, line, chrt_id: chrtId, shipped_from: from, returned_at: returnedAt }) => (
        <li key={line}>
          <span>{rid}</span>{' '}
          <span class="faint">
            {[texts.sku(chrtId), from === null ? '' : texts.from(from)].filter(Boolean).join(' · ')}
          </span>
          {returnedAt !== null && <span class="tag tone-plain">{texts.states.returned}</span>}
        </li>
      ))}
    </ul>
  )
}

/** When it was expected, as that was said over time; nothing while it was said once at most. */
function Estimates({ shipment: { estimates } }: { shipment: ShipmentWithEstimates }) {
  const words = texts.estimates
  if (estimates.length < 2) return null
  return (
    <section class="card stack" aria-labelledby="estimates-title">
      <h2 id="estimates-title">{words.title}</h2>
      <ol class="estimates">
        {estimates.map((estimate, index) => (
          <li key={index}>
            {estimate.estimated_delivery_at === null ? (
              words.unknown
            ) : (
              <Time at={estimate.estimated_delivery_at} isAbsolute />
            )}{' '}
            <span class="faint">
              {words.entry(estimate.source)} · <Time at={estimate.recorded_at} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Facts({ shipment }: { shipment: ShipmentWithEstimates }) {
  const words = texts.facts
  const { order_uid: uid, location, carrier, reason, actor } = shipment
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.title}</h2>
      <dl class="pairs">
        <dt>{words.order}</dt>
        <dd>
          <a href={orderAddress(uid)}>{uid}</a>
        </dd>
        {carrier !== null && [<dt key="carrier">{words.carrier}</dt>, <dd key="carrier-value">{carrier}</dd>]}
        {location !== null && [<dt key="from">{words.location}</dt>, <dd key="from-value">{location}</dd>]}
        <TimeFact label={words.promised} at={shipment.promised_by} />
        <TimeFact label={words.estimated} at={shipment.estimated_delivery_at} />
        <TimeFact label={words.created} at={shipment.created_at} />
        <TimeFact label={words.packed} at={shipment.packed_at} />
        <TimeFact label={words.shipped} at={shipment.shipped_at} />
        <TimeFact label={words.delivered} at={shipment.delivered_at} />
        <TimeFact label={words.returned} at={shipment.returned_at} />
        <TimeFact label={words.cancelled} at={shipment.cancelled_at} />
        <dt>{words.changed}</dt>
        <dd>
          {reason !== '' && <span class="reason">{reason}</span>} <span class="faint">{texts.by(actor)}</span>{' '}
          <Time at={shipment.updated_at} />
        </dd>
      </dl>
    </section>
  )
}
