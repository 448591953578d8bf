import { useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { ask } from '../platform/api.ts'
import { countryName } from '../platform/country-name.ts'
import { Latest } from '../platform/latest.ts'
import { PageHead } from '../shell/page.tsx'
import type { StoredOrderView } from '../../src/orders/views.ts'
import { shipmentsAddress } from './addresses.ts'
import { Barcode } from './barcode.tsx'
import type { Shipment } from './shipment.ts'
import { texts } from './texts.ts'

const words = texts.slip

/** What one slip shows. */
type Slip = { shipment: Shipment; order: StoredOrderView }

/** The most slips of a page, and how many are read at a time. */
const [slipsMax, atATime] = [500, 8]

/** Packing slips to print, a page of paper each: what goes into the parcel, and to whom. */
export default function SlipsPage() {
  const { id = '' } = useLocation().query
  const slips = useMemo(() => new Latest(() => readSlips(id.split(',').filter(Boolean).slice(0, slipsMax))), [id])
  useEffect(() => void slips.load(), [slips])
  const [shown, failure] = [slips.value.value, slips.failure.value]
  return (
    <>
      <a class="back" href={shipmentsAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      <PageHead title={words.title}>
        {shown !== undefined && shown.length > 0 && (
          <button type="button" onClick={() => print()}>
            {words.print}
          </button>
        )}
      </PageHead>
      {failure !== undefined && <Failure error={failure} retry={() => void slips.load()} />}
      {shown === undefined && failure === undefined && <Skeleton lines={8} />}
      {shown?.length === 0 && (
        <Empty title={words.none}>
          <p>{words.noneHint}</p>
        </Empty>
      )}
      {shown?.map(slip => (
        <PackingSlip key={slip.shipment.id} {...slip} />
      ))}
    </>
  )
}

async function readSlips(ids: readonly string[]): Promise<Slip[]> {
  const slips: Slip[] = []
  for (let first = 0; first < ids.length; first += atATime) {
    slips.push(...(await Promise.all(ids.slice(first, first + atATime).map(readSlip))))
  }
  return slips
}

async function readSlip(id: string): Promise<Slip> {
  const shipment = await ask<Shipment>(`/api/shipments/${encodeURIComponent(id)}`)
  const order = await ask<StoredOrderView>(`/api/orders/${encodeURIComponent(shipment.order_uid)}`)
  return { shipment, order }
}

function PackingSlip({ shipment, order }: Slip) {
  const { delivery } = order
  const place = [delivery.zip, delivery.city].filter(Boolean).join(' ')
  const lines = [delivery.name, delivery.address, place, delivery.region, countryName(delivery.country)].filter(Boolean)
  return (
    <article class="card slip">
      <Barcode text={order.order_uid} label={words.barcode(order.order_uid)} />
      <div class="slip-parties">
        <section>
          <h2>{words.recipient}</h2>
          <address>
            {lines.map((line, index) => (
              <span key={index}>{line}</span>
            ))}
          </address>
        </section>
        <dl class="pairs">
          <dt>{words.order}</dt>
          <dd>{order.order_uid}</dd>
          <dt>{words.shipment}</dt>
          <dd>{shipment.id}</dd>
          {shipment.carrier !== null && [
            <dt key="carrier">{texts.facts.carrier}</dt>,
            <dd key="carrier-value">{shipment.carrier}</dd>,
          ]}
        </dl>
      </div>
      <Contents shipment={shipment} order={order} />
    </article>
  )
}

function Contents({ shipment, order }: Slip) {
  return (
    <table class="lines">
      <thead>
        <tr>
          <th scope="col" class="amount">
            {words.quantity}
          </th>
          <th scope="col">{words.item}</th>
        </tr>
      </thead>
      <tbody>
        {contentsOf(shipment, order).map(({ item, quantity }) => (
          <tr key={item.rid}>
            <td class="amount">{quantity}</td>
            <td>
              <span class="item-name">{item.name}</span>{' '}
              <span class="faint">
                {[item.brand, item.size === '0' ? '' : item.size, texts.sku(item.chrt_id)].filter(Boolean).join(' · ')}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The units of a shipment, alike ones together. */
function contentsOf({ units }: Shipment, { items }: StoredOrderView) {
  const alike = new Map<string, { item: StoredOrderView['items'][number]; quantity: number }>()
  for (const { line } of units) {
    const item = items[line]
    if (item === undefined) continue
    const kind = JSON.stringify([item.chrt_id, item.name, item.size, item.brand])
    const known = alike.get(kind)
    if (known === undefined) alike.set(kind, { item, quantity: 1 })
    else known.quantity += 1
  }
  return [...alike.values()]
}
