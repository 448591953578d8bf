import type { Signal } from '@preact/signals'
import { Refusal } from '../platform/api.ts'
import { amountOf, decimal } from '../platform/money.ts'
import { texts } from './texts.ts'

const words = texts.form

/** A price as it is typed. */
export type TypedPrice = { key: number; currency: string; text: string }

/** Prices as they are typed, in the order of the item's. */
export function typedPrices(prices: Readonly<Record<string, number>>): TypedPrice[] {
  return Object.entries(prices).map(([currency, minor], key) => ({ key, currency, text: decimal(minor, currency) }))
}

/**
 * Reads what was typed as prices; those without an amount are left out.
 *
 * @returns in the minor unit, by currency
 * @throws Refusal that says what is wrong with them
 */
export function readPrices(typed: readonly TypedPrice[]): Record<string, number> {
  const prices = new Map<string, number>()
  for (const { currency: given, text } of typed) {
    if (text.trim() === '') continue
    const currency = given.trim().toUpperCase()
    const minor = /^0+(\.0+)?$/.test(text.trim()) ? 0 : amountOf(text, currency)
    if (minor === undefined) {
      throw new Refusal(0, { title: words.priceInvalid(currency), detail: words.priceInvalidHint })
    }
    if (prices.has(currency)) throw new Refusal(0, { title: words.currencyTwice(currency) })
    prices.set(currency, minor)
  }
  return Object.fromEntries(prices)
}

/** Asks for a price in each currency. */
export function PriceFields({ typed }: { typed: Signal<readonly TypedPrice[]> }) {
  const add = () => {
    const key = Math.max(-1, ...typed.value.map(price => price.key)) + 1
    typed.value = [...typed.value, { key, currency: '', text: '' }]
  }
  return (
    <fieldset class="stack">
      <legend class="field">{words.prices}</legend>
      {typed.value.map(price => (
        <PriceRow
          key={price.key}
          price={price}
          change={to => {
            typed.value = typed.value.map(one => (one.key === price.key ? { ...one, ...to } : one))
          }}
          remove={() => {
            typed.value = typed.value.filter(({ key }) => key !== price.key)
          }}
        />
      ))}
      <p>
        <button type="button" class="second small" onClick={add}>
          {words.addPrice}
        </button>
      </p>
    </fieldset>
  )
}

type RowProps = { price: TypedPrice; change: (to: Partial<TypedPrice>) => void; remove: () => void }

function PriceRow({ price: { currency, text }, change, remove }: RowProps) {
  return (
    <div class="price-row">
      <input
        aria-label={words.currency}
        value={currency}
        maxLength={3}
        pattern="[A-Za-z]{3}"
        placeholder="USD"
        required={text !== ''}
        autocomplete="off"
        onInput={event => change({ currency: event.currentTarget.value })}
      />
      <input
        aria-label={words.price}
        value={text}
        inputMode="decimal"
        autocomplete="off"
        onInput={event => change({ text: event.currentTarget.value })}
      />
      <button type="button" class="quiet small" aria-label={words.removePrice(currency)} onClick={remove}>
        ×
      </button>
    </div>
  )
}
