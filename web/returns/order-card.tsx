import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { OrderCardProps } from '../module.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import { returnAddress } from './addresses.ts'
import { CreateDialog } from './create-dialog.tsx'
import { type Return, returnableUnits, type Shipment } from './return.ts'
import { ReturnActions } from './return-actions.tsx'
import { ReturnState } from './return-parts.tsx'
import { texts } from './texts.ts'

/** The returns of an order, with what can be done about them. Nothing is shown of an order that has none and that nothing can come back of. */
export default function OrderReturnsCard({ order, newestEventId }: OrderCardProps) {
  const path = `/api/orders/${encodeURIComponent(order.order_uid)}`
  const model = useMemo(() => readReturns(path), [path])
  useEffect(() => void model.load(), [model, newestEventId])
  const isAsked = useSignal(false)
  const { returns, units } = model.value.value ?? {}
  const failure = model.failure.value
  const load = () => model.load()
  if (returns?.length === 0 && units?.length === 0 && failure === undefined) return null
  return (
    <section class="card" aria-labelledby="returns-title">
      <div class="card-head">
        <h2 id="returns-title">{texts.title}</h2>
        {units !== undefined && units.length > 0 && (
          <button
            type="button"
            class="second small"
            onClick={() => {
              isAsked.value = true
            }}
          >
            {texts.card.create}
          </button>
        )}
      </div>
      {failure !== undefined && <Failure error={failure} retry={() => void model.load()} />}
      {returns === undefined && failure === undefined && <Skeleton lines={2} />}
      {returns?.length === 0 && <p class="faint">{texts.card.none}</p>}
      {returns !== undefined && returns.length > 0 && <Entries returns={returns} load={load} />}
      {isAsked.value && units !== undefined && (
        <CreateDialog
          {...{ order, units, load }}
          close={() => {
            isAsked.value = false
          }}
        />
      )}
    </section>
  )
}

/** The returns of an order, and the units that can come back. */
function readReturns(path: string) {
  return new Latest(async () => {
    const [returns, shipments] = await Promise.all([
      ask<Return[]>(`${path}/returns`),
      ask<Shipment[]>(`${path}/shipments`),
    ])
    return { returns, units: returnableUnits(shipments, returns) }
  })
}

function Entries({ returns, load }: { returns: readonly Return[]; load: () => Promise<void> }) {
  return (
    <ul class="card-entries">
      {returns.map(one => (
        <li key={one.id}>
          <div class="entry-head">
            <a href={returnAddress(one.id)}>{texts.units(one.rids.length)}</a>
            <ReturnState of={one} />
            <span class="faint">
              <Time at={one.updated_at} />
            </span>
          </div>
          {one.reason !== '' && <p class="reason">{one.reason}</p>}
          <div class="buttons">
            <ReturnActions of={one} load={load} size="small" />
          </div>
        </li>
      ))}
    </ul>
  )
}
