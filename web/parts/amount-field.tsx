import type { Signal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { Refusal } from '../platform/api.ts'
import { amountOf, decimal, money } from '../platform/money.ts'
import { commonTexts } from './texts.ts'

const texts = commonTexts.amount

type Props = {
  currency: string
  text: Signal<string>
  /** What will happen with the amount; undefined while the text is none. */
  effect: string | undefined
}

/** Asks for an amount of a currency, and says what will happen with it. */
export function AmountField({ currency, text, effect }: Props) {
  const effectId = useId()
  return (
    <>
      <label class="field">
        {texts.label(currency)}
        <input
          name="amount"
          inputMode="decimal"
          autocomplete="off"
          required
          value={text.value}
          aria-describedby={effectId}
          onInput={event => {
            text.value = event.currentTarget.value
          }}
        />
      </label>
      <p id={effectId} class={effect === undefined ? 'faint' : ''}>
        {effect ?? texts.invalid(exampleIn(currency))}
      </p>
    </>
  )
}

/**
 * Reads the amount that was entered.
 *
 * @param most in the minor unit; undefined: no limit
 * @throws Refusal that says what is wrong with it
 */
export function readAmount(text: string, currency: string, most?: number): number {
  const amount = amountOf(text, currency)
  if (amount === undefined) {
    throw new Refusal(0, { title: texts.invalid(exampleIn(currency)), detail: texts.invalidHint })
  }
  if (most !== undefined && amount > most) {
    throw new Refusal(0, { title: texts.tooMuch, detail: texts.atMost(money(most, currency)) })
  }
  return amount
}

/** An amount as it can be entered: `12.50`, or `1250` in a currency without a minor unit. */
function exampleIn(currency: string): string {
  return decimal(1250, currency)
}
