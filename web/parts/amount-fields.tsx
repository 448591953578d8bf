import type { Signal } from '@preact/signals'
import { Refusal } from '../platform/api.ts'
import { amountOf, decimal } from '../platform/money.ts'
import { commonTexts } from './texts.ts'

const words = commonTexts.amounts

/** An amount of a currency as it is typed. */
export type TypedAmount = { key: number; currency: string; text: string }

/** Amounts as they are typed, in the order of those given. */
export function typedAmounts(amounts: Readonly<Record<string, number>> | null): TypedAmount[] {
  return Object.entries(amounts ?? {}).map(([currency, minor], key) => ({
    key,
    currency,
    text: decimal(minor, currency),
  }))
}

/** One empty row, to begin with. */
export const noAmountYet: readonly TypedAmount[] = [{ key: 0, currency: '', text: '' }]

/**
 * Reads what was typed as amounts; rows without an amount are left out.
 *
 * @returns in the minor unit, by currency
 * @throws Refusal that says what is wrong with them
 */
export function readAmounts(typed: readonly TypedAmount[]): Record<string, number> {
  const amounts = new Map<string, number>()
  for (const { currency: given, text } of typed) {
    if (text.trim() === '') continue
    const currency = given.trim().toUpperCase()
    const minor = /^0+(\.0+)?$/.test(text.trim()) ? 0 : amountOf(text, currency)
    if (minor === undefined) throw new Refusal(0, { title: words.invalid(currency), detail: words.invalidHint })
    if (amounts.has(currency)) throw new Refusal(0, { title: words.twice(currency) })
    amounts.set(currency, minor)
  }
  return Object.fromEntries(amounts)
}

type FieldsProps = {
  /** What the amounts are, for all of them. */
  legend: string
  /** What one of them is. */
  label: string
  /** The label of the button that adds a row. */
  add: string
  typed: Signal<readonly TypedAmount[]>
}

/** Asks for an amount in each currency. */
export function AmountFields({ legend, label, add, typed }: FieldsProps) {
  const addRow = () => {
    const key = Math.max(-1, ...typed.value.map(amount => amount.key)) + 1
    typed.value = [...typed.value, { key, currency: '', text: '' }]
  }
  return (
    <fieldset class="stack">
      <legend class="field">{legend}</legend>
      {typed.value.map(amount => (
        <AmountRow
          key={amount.key}
          label={label}
          amount={amount}
          change={to => {
            typed.value = typed.value.map(one => (one.key === amount.key ? { ...one, ...to } : one))
          }}
          remove={() => {
            typed.value = typed.value.filter(({ key }) => key !== amount.key)
          }}
        />
      ))}
      <p>
        <button type="button" class="second small" onClick={addRow}>
          {add}
        </button>
      </p>
    </fieldset>
  )
}

type RowProps = {
  label: string
  amount: TypedAmount
  change: (to: Partial<TypedAmount>) => void
  remove: () => void
}

function AmountRow({ label, amount: { currency, text }, change, remove }: RowProps) {
  return (
    <div class="amount-row">
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
        aria-label={label}
        value={text}
        inputMode="decimal"
        autocomplete="off"
        onInput={event => change({ text: event.currentTarget.value })}
      />
      <button type="button" class="quiet small" aria-label={words.remove(label, currency)} onClick={remove}>
        ×
      </button>
    </div>
  )
}
