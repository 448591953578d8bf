import { useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { shipmentAddress } from '../deliveries/addresses.ts'
import { orderAddress } from '../orders/addresses.ts'
import { useFreshModel } from '../parts/fresh.ts'
import { Time, TimeFact } from '../parts/time.tsx'
import { ask, isNotFound } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import { money } from '../platform/money.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { PageHead } from '../shell/page.tsx'
import { returnsAddress } from './addresses.ts'
import { FailedLater } from './failed-later.tsx'
import type { Return } from './return.ts'
import { ReturnActions } from './return-actions.tsx'
import { Condition, ReturnState } from './return-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 2_000

/** One return: its units, its money, and what can be asked of it now. */
export default function ReturnPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new Latest(() => ask<Return>(`/api/returns/${encodeURIComponent(id)}`)), [id])
  useFreshModel(model, refreshEveryMs)
  const shown = model.value.value
  return (
    <DetailPage
      list={{ href: returnsAddress(), title: texts.title }}
      heading={
        <PageHead title={isNotFound(model.failure.value) ? texts.return : id}>
          {shown !== undefined && <ReturnActions of={shown} load={() => model.load()} />}
        </PageHead>
      }
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {shown !== undefined && <Content of={shown} />}
    </DetailPage>
  )
}

function Content({ of }: { of: Return }) {
  return (
    <>
      <div class="summary-line">
        <span class="figure">{texts.units(of.rids.length)}</span>
        <ReturnState of={of} />
      </div>
      <div class="beside">
        <div class="stack">
          <section class="card stack" aria-labelledby="units-title">
            <h2 id="units-title">{texts.contents}</h2>
            <Units of={of} />
          </section>
          <Money of={of} />
        </div>
        <Facts of={of} />
      </div>
    </>
  )
}

function Units({ of: { units, currency } }: { of: Return }) {
  return (
    <ul class="unit-list">
      {units.map(unit => (
        <li key={unit.line}>
          <span>{unit.rid}</span> <span class="amount">{money(unit.amount, currency)}</span>
          <Condition unit={unit} />
          <span class="faint">
            {[texts.sku(unit.chrt_id), unit.location ?? ''].filter(Boolean).join(' · ')} ·{' '}
            <a href={shipmentAddress(unit.shipment_id)}>{unit.shipment_id}</a>
          </span>
        </li>
      ))}
    </ul>
  )
}

/** What of a return was and is refunded, without what is nothing. */
function Money({ of }: { of: Return }) {
  const { refund, currency } = of
  const words = texts.money
  const sums = (['expected', 'amount', 'fee', 'delivery', 'refunded'] as const).filter(name => refund[name] > 0)
  return (
    <section class="card stack" aria-labelledby="money-title">
      <h2 id="money-title">{words.title}</h2>
      {refund.state !== null && (
        <p>
          <span class={`tag tone-${{ pending: 'waiting', succeeded: 'good', failed: 'bad' }[refund.state]}`}>
            {words.states[refund.state]}
          </span>
        </p>
      )}
      {of.state === 'refunded' && refund.operation_ids.length > 0 && <FailedLater of={of} />}
      <dl class="amounts">
        {sums.map(name => (
          <div key={name}>
            <dt>{words[name]}</dt>
            <dd class="amount">{money(refund[name], currency)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Facts({ of }: { of: Return }) {
  const words = texts.facts
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.title}</h2>
      <dl class="pairs">
        <dt>{words.order}</dt>
        <dd>
          <a href={orderAddress(of.order_uid)}>{of.order_uid}</a>
        </dd>
        <TimeFact label={words.requested} at={of.created_at} />
        <TimeFact label={words.approved} at={of.approved_at} />
        <TimeFact label={words.received} at={of.received_at} />
        <TimeFact label={words.refunded} at={of.refunded_at} />
        <TimeFact label={words.rejected} at={of.rejected_at} />
        <TimeFact label={words.cancelled} at={of.cancelled_at} />
        <dt>{words.changed}</dt>
        <dd>
          {of.reason !== '' && <span class="reason">{of.reason}</span>} <span class="faint">{texts.by(of.actor)}</span>{' '}
          <Time at={of.updated_at} />
        </dd>
      </dl>
    </section>
  )
}
