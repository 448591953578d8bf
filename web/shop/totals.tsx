import { money } from '../platform/money.ts'
import type { Cart } from './basket.ts'
import { texts } from './texts.ts'

const words = texts.totals

/** What a cart comes to, part by part. */
export function Totals({ cart }: { cart: Cart }) {
  const { currency, discounts, taxes, delivery_method: method } = cart
  return (
    <dl class="totals">
      <Sum label={words.subtotal} value={money(cart.subtotal, currency)} />
      {discounts.map(({ code, amount }) => (
        <Sum key={code} label={words.discount(code)} value={money(-amount, currency)} />
      ))}
      <Sum label={words.delivery} value={method === null ? words.deliveryLater : money(cart.delivery_cost, currency)} />
      {taxes
        .filter(({ included }) => !included)
        .map(({ name, rate_ppm: ppm, amount }) => (
          <Sum key={name + ppm} label={words.tax(name, percentOf(ppm))} value={money(amount, currency)} />
        ))}
      <Sum label={words.total} value={money(cart.total, currency)} isTotal />
      {taxes
        .filter(({ included }) => included)
        .map(({ name, rate_ppm: ppm, amount }) => (
          <Sum key={name + ppm} label={words.included(name, percentOf(ppm))} value={money(amount, currency)} isFaint />
        ))}
    </dl>
  )
}

/** A line of a sum. */
export function Sum(props: { label: string; value: string; isTotal?: boolean; isFaint?: boolean }) {
  const { label, value, isTotal = false, isFaint = false } = props
  return (
    <div class={isTotal ? 'total' : isFaint ? 'faint' : undefined}>
      <dt>{label}</dt>
      <dd class="amount">{value}</dd>
    </div>
  )
}

const percents = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 4 })

/** A rate in the reader's language. @param ppm in millionths */
function percentOf(ppm: number): string {
  return percents.format(ppm / 1_000_000)
}
