import { instantBoundsMs } from '../../src/platform/instant.ts'
import { customerAddress } from '../customers/addresses.ts'
import { statusText } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { countryName } from '../platform/country-name.ts'
import { money } from '../platform/money.ts'
import { ordersAddress } from './addresses.ts'
import type { Order } from './order.ts'
import { texts } from './texts.ts'

const words = texts.invoice

/** Shows the order as an invoice: recipient, items and totals. */
export function Invoice({ order }: { order: Order }) {
  return (
    <div class="invoice">
      <div class="parties">
        <Recipient order={order} />
        <OrderFacts order={order} />
        <PaymentFacts order={order} />
      </div>
      <Lines order={order} />
      <Totals order={order} />
      <Others order={order} />
    </div>
  )
}

function Recipient({ order: { delivery } }: { order: Order }) {
  const place = [delivery.zip, delivery.city].filter(Boolean).join(' ')
  return (
    <section>
      <h3>{words.recipient}</h3>
      <address>
        {[delivery.name, delivery.address, place, delivery.region, countryName(delivery.country)]
          .filter(Boolean)
          .map((line, index) => (
            <span key={index}>{line}</span>
          ))}
        <span>{delivery.phone}</span>
        <span>{delivery.email}</span>
      </address>
    </section>
  )
}

function OrderFacts({ order }: { order: Order }) {
  return (
    <section>
      <h3>{words.order}</h3>
      <dl class="pairs">
        <dt>{words.placed}</dt>
        <dd>
          <Time at={order.date_created} isAbsolute />
        </dd>
        <dt>{words.customer}</dt>
        <dd>{order.customer_id !== '' && <a href={customerAddress(order.customer_id)}>{order.customer_id}</a>}</dd>
        <dt>{words.tracking}</dt>
        <dd>
          <a href={ordersAddress({ track_number: order.track_number })}>{order.track_number}</a>
        </dd>
        <dt>{words.carrier}</dt>
        <dd>{order.delivery_service}</dd>
      </dl>
    </section>
  )
}

function PaymentFacts({ order: { payment, payment_status: status } }: { order: Order }) {
  return (
    <section>
      <h3>{words.payment}</h3>
      <dl class="pairs">
        <dt>{words.provider}</dt>
        <dd>{[payment.provider, payment.bank].filter(Boolean).join(', ')}</dd>
        <dt>{words.transaction}</dt>
        <dd>{payment.transaction}</dd>
        <dt>{words.paid}</dt>
        <dd>
          <Paid at={payment.payment_dt} status={status} />
        </dd>
      </dl>
    </section>
  )
}

/**
 * @param at Unix time in seconds; 0: the order was not paid when it came; beyond the last time that a calendar has, it is shown as a
 *   number
 */
function Paid({ at, status }: { at: number; status: Order['payment_status'] }) {
  if (at === 0) return status === 'unpaid' ? words.notYet : statusText(status)
  return at * 1000 < instantBoundsMs.end ? <Time at={new Date(at * 1000).toISOString()} isAbsolute /> : String(at)
}

function Lines({ order: { items, payment, track_number: parcel } }: { order: Order }) {
  return (
    <table class="lines">
      <thead>
        <tr>
          <th scope="col">{words.item}</th>
          <th scope="col" class="amount">
            {words.price}
          </th>
          <th scope="col" class="amount">
            {words.discount}
          </th>
          <th scope="col" class="amount">
            {words.sum}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item, index) => (
          <tr key={index}>
            <td>
              <span class="item-name">{item.name}</span>
              <span class="faint">
                {[item.brand, item.size === '0' ? '' : item.size, words.sku(item.chrt_id)].filter(Boolean).join(' · ')}
                {item.track_number !== parcel && ` · ${words.parcel(item.track_number)}`}
              </span>
            </td>
            <td class="amount">{money(item.price, payment.currency)}</td>
            <td class="amount">{item.sale === 0 ? '–' : words.percent(item.sale)}</td>
            <td class="amount">{money(item.total_price, payment.currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Totals({ order: { payment } }: { order: Order }) {
  const sum = (amount: number) => money(amount, payment.currency)
  return (
    <dl class="totals">
      <dt>{words.goods}</dt>
      <dd>{sum(payment.goods_total)}</dd>
      {isPart(payment.discount_total) && [
        <dt key="discounts">{words.discounts}</dt>,
        <dd key="less">{sum(-payment.discount_total)}</dd>,
      ]}
      <dt>{words.delivery}</dt>
      <dd>{sum(payment.delivery_cost)}</dd>
      <dt>{words.customs}</dt>
      <dd>{sum(payment.custom_fee)}</dd>
      {isPart(payment.tax_total) && [<dt key="tax">{words.tax}</dt>, <dd key="more">{sum(payment.tax_total)}</dd>]}
      <dt class="total">{words.total}</dt>
      <dd class="total">{sum(payment.amount)}</dd>
    </dl>
  )
}

/** Whether there is such a part of the total. Under its name an older document may hold anything. */
function isPart(part: unknown): part is number {
  return Number.isSafeInteger(part) && Number(part) > 0
}

/** Technical fields, collapsed. */
function Others({ order }: { order: Order }) {
  const { entry, locale, internal_signature, shardkey, sm_id, oof_shard } = order
  const fields = Object.entries({ entry, locale, internal_signature, shardkey, sm_id, oof_shard })
  return (
    <details class="others">
      <summary>{words.others}</summary>
      <dl class="pairs">
        {fields.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}-value`}>{String(value)}</dd>])}
      </dl>
    </details>
  )
}
