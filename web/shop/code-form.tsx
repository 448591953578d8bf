import { useSignal } from '@preact/signals'
import type { TargetedSubmitEvent } from 'preact'
import { Icon } from '../parts/icon.tsx'
import { type Cart, patchCart } from './basket.ts'
import { Problem } from './parts.tsx'
import { texts } from './texts.ts'
import { Warnings, warningsAt } from './warnings.tsx'

const words = texts.cart
const charactersMax = 64

/** The discount codes of the cart, and a field for another one. */
export function CodeForm({ cart }: { cart: Cart }) {
  const failure = useSignal<unknown>(undefined)
  const codes = cart.discount_codes
  const change = async (discountCodes: readonly string[]) => {
    failure.value = undefined
    try {
      await patchCart({ discount_codes: [...discountCodes] })
    } catch (error) {
      failure.value = error
    }
  }
  const add = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const code = String(new FormData(form).get('code') ?? '').trim()
    if (code === '') return
    await change(codes.some(known => known.toLowerCase() === code.toLowerCase()) ? codes : [...codes, code])
    if (failure.peek() === undefined) form.reset()
  }
  return (
    <div class="stack">
      <form class="code-form" onSubmit={add}>
        <label class="field">
          {words.code}
          <input name="code" maxLength={charactersMax} autocomplete="off" autocapitalize="characters" required />
        </label>
        <button type="submit" class="second">
          {words.apply}
        </button>
      </form>
      <Codes cart={cart} remove={code => void change(codes.filter(other => other !== code))} />
      {failure.value !== undefined && <Problem error={failure.value} />}
    </div>
  )
}

/** The codes of the cart; of one that does not apply, why. */
function Codes({ cart, remove }: { cart: Cart; remove: (code: string) => void }) {
  const codes = cart.discount_codes
  if (codes.length === 0) return null
  return (
    <ul class="stack">
      {codes.map((code, index) => (
        <li key={code}>
          <span class="tag">{code}</span>{' '}
          <button type="button" class="quiet small" aria-label={words.removeCode(code)} onClick={() => remove(code)}>
            <Icon name="close" />
          </button>
          <div role="status">
            <Warnings of={warningsAt(cart, `/discount_codes/${index}`)} />
          </div>
        </li>
      ))}
    </ul>
  )
}
