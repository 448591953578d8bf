import { useId } from 'preact/hooks'
import { cart, forget, unitsOf } from './basket.ts'
import { keepCurrency, kept } from './kept.ts'
import { texts } from './texts.ts'

/** The currency that prices are shown in: that of the cart, or the chosen one, or the first of those there are. */
export function currencyOf(known: readonly string[]): string {
  const { currency } = kept.value
  if (cart.value !== undefined) return cart.value.currency
  return currency !== undefined && known.includes(currency) ? currency : (known[0] ?? currency ?? '')
}

/** Chooses the currency, as long as nothing is in the cart: a cart keeps its own. */
export function CurrencyChoice({ known }: { known: readonly string[] }) {
  const id = useId()
  const chosen = currencyOf(known)
  const isFixed = cart.value !== undefined && unitsOf(cart.value) > 0
  const offered = known.includes(chosen) ? known : [chosen, ...known]
  if (offered.length < 2) return null
  return (
    <div class="currency">
      <label for={id}>{texts.currency}</label>
      <select
        id={id}
        value={chosen}
        disabled={isFixed}
        onChange={event => {
          // An empty cart of another currency is of no use.
          if (cart.peek() !== undefined) forget()
          keepCurrency(event.currentTarget.value)
        }}
      >
        {offered.map(currency => (
          <option key={currency} value={currency}>
            {currency}
          </option>
        ))}
      </select>
    </div>
  )
}
