import type { ComponentChildren } from 'preact'
import { itemAddress } from '../inventory/addresses.ts'
import { count, money } from '../platform/money.ts'
import type { Cart, CartLine } from './cart.ts'
import { nameOf } from './cart-parts.tsx'
import { percentOf } from './rate.ts'
import { texts } from './texts.ts'

const words = texts.lines

/** What is in a cart. */
export function CartLines({ cart: { lines, currency } }: { cart: Cart }) {
  const { columns } = words
  return (
    <table class="cart-lines">
      <thead>
        <tr>
          <th scope="col">{columns.item}</th>
          {(['price', 'quantity', 'discount', 'subtotal'] as const).map(name => (
            <th key={name} scope="col" class="amount">
              {columns[name]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <Line key={line.chrt_id} line={line} currency={currency} />
        ))}
      </tbody>
    </table>
  )
}

function Line({ line, currency }: { line: CartLine; currency: string }) {
  const { price, sale, brand, size, discount } = line
  const { columns } = words
  const about = [brand, size, line.name === '' ? '' : words.number(line.chrt_id)].filter(Boolean).join(' · ')
  return (
    <tr>
      <th scope="row">
        <a href={itemAddress(line.chrt_id)} data-row>
          {nameOf(line)}
        </a>{' '}
        <span class="faint">{about}</span>
      </th>
      <td class="amount" data-label={columns.price}>
        {price === null ? words.noPrice : money(price, currency)}
        {sale > 0 && <span class="faint"> {words.sale(sale)}</span>}
      </td>
      <td class="amount" data-label={columns.quantity}>
        {count(line.quantity)}
      </td>
      <td class="amount" data-label={columns.discount}>
        {discount === 0 ? words.nothing : money(-discount, currency)}
      </td>
      <td class="amount" data-label={columns.subtotal}>
        {money(line.subtotal, currency)}
      </td>
    </tr>
  )
}

/** What a cart comes to, part by part. */
export function Totals({ cart }: { cart: Cart }) {
  const { currency, discounts, taxes } = cart
  const sums = texts.totals
  const parts: (readonly [label: ComponentChildren, amount: number])[] = [
    [sums.subtotal, cart.subtotal],
    ...discounts.map(({ code, amount }) => [sums.discount(code), -amount] as const),
    [sums.delivery, cart.delivery_cost],
    ...taxes
      .filter(({ included }) => !included)
      .map(({ name, rate_ppm: ppm, amount }) => [sums.tax(name, percentOf(ppm)), amount] as const),
  ]
  const included = taxes.filter(tax => tax.included)
  return (
    <dl class="cart-totals">
      {parts.map(([label, amount], index) => (
        <div key={index}>
          <dt>{label}</dt>
          <dd class="amount">{money(amount, currency)}</dd>
        </div>
      ))}
      <div class="total">
        <dt>{sums.total}</dt>
        <dd class="amount">{money(cart.total, currency)}</dd>
      </div>
      {included.map(({ name, tax_class: taxClass, rate_ppm: ppm, amount }) => (
        <div key={`${name} ${taxClass} ${ppm}`} class="faint">
          <dt>{sums.included(name, percentOf(ppm))}</dt>
          <dd class="amount">{money(amount, currency)}</dd>
        </div>
      ))}
    </dl>
  )
}
