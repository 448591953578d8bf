import { money } from '../platform/money.ts'
import { type Cart, type CartLine, type CartRow, type CartWarning, lineOf, tones } from './cart.ts'
import { texts } from './texts.ts'

/** The state of a cart as a tag, and whether it was abandoned. */
export function CartStateTags({
  cart: { state, abandoned_at: at },
}: {
  cart: Pick<CartRow, 'state' | 'abandoned_at'>
}) {
  return (
    <>
      <span class={`tag tone-${tones[state]}`}>{texts.states[state]}</span>
      {at !== null && state === 'open' && (
        <>
          {' '}
          <span class="tag tone-attention">{texts.abandoned}</span>
        </>
      )}
    </>
  )
}

/** Whose cart it is. */
export function buyerOf({ email, customer_id: customer }: Pick<CartRow, 'email' | 'customer_id'>): string {
  return email ?? customer ?? texts.guest
}

/** What the item of a line is called. */
export function nameOf({ name, chrt_id: chrtId }: CartLine): string {
  return name === '' ? texts.lines.number(chrtId) : name
}

/** What the customer is warned of. Shows nothing where there is nothing. */
export function Warnings({ cart }: { cart: Cart }) {
  if (cart.warnings.length === 0) return null
  return (
    <ul class="stack" aria-label={texts.warnings.title}>
      {cart.warnings.map(warning => (
        <li key={warning.code + warning.pointer + warning.detail} class="warning">
          <strong>{texts.warnings.titles[warning.code]}</strong> <span>{detailOf(warning, cart)}</span>
        </li>
      ))}
    </ul>
  )
}

/** A warning in a sentence: what it is about, and what is wrong with it. */
function detailOf(warning: CartWarning, cart: Cart): string {
  const line = lineOf(warning, cart)
  const [, code] = /^\/discount_codes\/(\d+)$/.exec(warning.pointer) ?? []
  if (code !== undefined) return texts.warnings.about(cart.discount_codes[Number(code)] ?? '', warning.detail)
  if (line === undefined) return warning.detail
  const isPrice = warning.code === 'price_changed' && line.price !== null
  const detail = isPrice
    ? texts.warnings.price(money(line.price_when_added, cart.currency), money(line.price ?? 0, cart.currency))
    : warning.detail
  return texts.warnings.about(nameOf(line), detail)
}
