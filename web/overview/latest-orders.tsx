import { orderAddress, ordersAddress } from '../orders/addresses.ts'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import type { OverviewModel } from './overview-model.ts'
import { texts } from './texts.ts'

/** Lists the latest orders, new ones on top as they arrive. */
export function LatestOrders({ model }: { model: OverviewModel }) {
  return (
    <section class="card latest" aria-labelledby="latest-title">
      <div class="card-head">
        <h2 id="latest-title">{texts.latest}</h2>
        <a href={ordersAddress()}>{texts.allOrders}</a>
      </div>
      <ul class="order-rows">
        {model.latest.value.map(({ order_uid, placed_at, customer_id, amount, currency, status }) => (
          <li key={order_uid} class={model.arrived.has(order_uid) ? 'arrived' : ''}>
            <a href={orderAddress(order_uid)} data-row>
              <span class="uid">{order_uid}</span>
              <span class="customer">{customer_id}</span>
              <span class="when">
                <Time at={placed_at} />
              </span>
              <span class="state">
                <Status value={status} />
              </span>
              <span class="amount">{money(amount, currency)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
