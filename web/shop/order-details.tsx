import { useId } from 'preact/hooks'
import { countryName } from '../platform/country-name.ts'
import { money } from '../platform/money.ts'
import type { Ordered } from './checkout.ts'
import { Drawing } from './drawing.tsx'
import { unitsByItem } from './order-stage.ts'
import { texts } from './texts.ts'
import { Sum } from './totals.tsx'

const words = texts.order

/** What was ordered, what it costs, and where it goes. */
export function OrderDetails({ ordered }: { ordered: Ordered }) {
  const [itemsId, addressId] = [useId(), useId()]
  const { payment, delivery } = ordered.order
  const { currency, discount_total: discount = 0, tax_total: tax = 0 } = payment
  const { name, address, zip, city, region, country } = delivery
  const lines = [name, address, `${zip} ${city}`, region, countryName(country)]
  return (
    <div class="beside">
      <section class="card stack" aria-labelledby={itemsId}>
        <h2 id={itemsId}>{words.items}</h2>
        <ul class="lines">
          {unitsByItem(ordered).map(({ item, quantity, total }) => (
            <li key={item.chrt_id} class="line">
              <Drawing name={item.name} nmId={item.nm_id} />
              <div class="line-what">
                <p class="line-name">{`${words.units(quantity)} ${item.name}`}</p>
                <p class="faint">{[item.brand, item.size].filter(text => text !== '').join(' · ')}</p>
              </div>
              <p class="amount line-total">{money(total, currency)}</p>
            </li>
          ))}
        </ul>
        <dl class="totals">
          <Sum label={words.goods} value={money(payment.goods_total, currency)} />
          {discount > 0 && <Sum label={words.discount} value={money(-discount, currency)} />}
          <Sum label={words.delivery} value={money(payment.delivery_cost, currency)} />
          {tax > 0 && <Sum label={words.tax} value={money(tax, currency)} />}
          <Sum label={words.total} value={money(payment.amount, currency)} isTotal />
        </dl>
      </section>
      <section class="card" aria-labelledby={addressId}>
        <h2 id={addressId}>{words.to}</h2>
        <address>{lines.map((line, index) => line !== undefined && line !== '' && <p key={index}>{line}</p>)}</address>
      </section>
    </div>
  )
}
