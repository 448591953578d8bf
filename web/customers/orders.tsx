import { orderAddress } from '../orders/addresses.ts'
import { MoreButton } from '../parts/more-button.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import type { CustomerModel } from './customer-model.ts'
import { texts } from './texts.ts'

const words = texts.orders

/** The orders of a customer, newest first. */
export function Orders({ model }: { model: CustomerModel }) {
  const rows = model.orders.rows.value ?? []
  const { isComplete, isLoading } = model.orders
  return (
    <section class="card" aria-labelledby="orders-title">
      <h2 id="orders-title">{words.title}</h2>
      {rows.length === 0 && <p class="faint">{words.none}</p>}
      <ul class="card-entries">
        {rows.map(({ id, statuses, items, amount, currency, placedAt }) => (
          <li key={id}>
            <div class="entry-head">
              <a href={orderAddress(id)} data-row>
                {id}
              </a>
              {statuses.map(status => (
                <Status key={status} value={status} />
              ))}
              <span class="amount">{money(amount, currency)}</span>
              <span class="faint">
                {words.items(items)} · <Time at={placedAt} />
              </span>
            </div>
          </li>
        ))}
      </ul>
      <MoreButton list={{ isComplete, isLoading, more: () => model.more() }} label={words.more} />
    </section>
  )
}
