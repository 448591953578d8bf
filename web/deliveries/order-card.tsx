import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { OrderCardProps } from '../module.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { shipmentAddress } from './addresses.ts'
import { CreateDialog } from './create-dialog.tsx'
import { CustomerLink } from './customer-link.tsx'
import { type Shipment, unshippedUnits } from './shipment.ts'
import { ShipmentActions } from './shipment-actions.tsx'
import { readShipmentsOf } from './shipment-model.ts'
import { ShipmentState, TrackingNumbers } from './shipment-parts.tsx'
import { texts } from './texts.ts'

/** The shipments of an order, with what can be done about them. */
export default function OrderShipmentsCard({ order, newestEventId }: OrderCardProps) {
  const uid = order.order_uid
  const model = useMemo(() => readShipmentsOf(uid), [uid])
  useEffect(() => void model.load(), [model, newestEventId])
  const isAsked = useSignal(false)
  const shipments = model.value.value
  const failure = model.failure.value
  const load = () => model.load()
  return (
    <section class="card" aria-labelledby="shipments-title">
      <div class="card-head">
        <h2 id="shipments-title">{texts.title}</h2>
        {shipments !== undefined && canBeShipped(order, shipments) && (
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
      {shipments === undefined && failure === undefined && <Skeleton lines={3} />}
      {shipments?.length === 0 && <p class="faint">{texts.card.none}</p>}
      {shipments !== undefined && shipments.length > 0 && (
        <ul class="card-entries">
          {shipments.map(shipment => (
            <li key={shipment.id}>
              <Entry shipment={shipment} load={load} />
            </li>
          ))}
        </ul>
      )}
      {shipments !== undefined && shipments.length > 0 && <CustomerLink uid={uid} />}
      {isAsked.value && shipments !== undefined && (
        <CreateDialog
          {...{ order, shipments, load }}
          close={() => {
            isAsked.value = false
          }}
        />
      )}
    </section>
  )
}

function Entry({ shipment, load }: { shipment: Shipment; load: () => Promise<void> }) {
  return (
    <>
      <div class="entry-head">
        <a href={shipmentAddress(shipment.id)}>{texts.units(shipment.rids.length)}</a>
        <ShipmentState shipment={shipment} />
        <span class="faint">
          {shipment.carrier ?? texts.noCarrier} · <Time at={shipment.updated_at} />
        </span>
      </div>
      {shipment.tracking_numbers.length > 0 && <TrackingNumbers of={shipment.tracking_numbers} />}
      <div class="buttons">
        <ShipmentActions shipment={shipment} load={load} size="small" />
      </div>
    </>
  )
}

/** Whether the service would look at another shipment of the order. */
function canBeShipped({ status, items }: OrderCardProps['order'], shipments: readonly Shipment[]): boolean {
  return ['pending', 'confirmed', 'on_hold'].includes(status) && unshippedUnits(items, shipments).length > 0
}
