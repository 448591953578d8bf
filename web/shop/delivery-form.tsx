import { useSignal } from '@preact/signals'
import type { TargetedSubmitEvent } from 'preact'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { DeliveryMethodView } from '../../src/carts/price-documents.ts'
import { Skeleton } from '../parts/states.tsx'
import { money } from '../platform/money.ts'
import { shopAddress } from './address.ts'
import { ask } from './api.ts'
import { type Cart, forget, patchCart } from './basket.ts'
import { checkOut, type Pressed, toPayer } from './checkout.ts'
import { Problem } from './parts.tsx'
import { texts } from './texts.ts'
import { Warnings, warningsAt } from './warnings.tsx'

const words = texts.checkout

/** Asks how the cart is delivered, and orders it. */
export function DeliveryForm({ cart }: { cart: Cart }) {
  const methods = useMethods(cart)
  const { route } = useLocation()
  const isRunning = useSignal(false)
  const pressed = useSignal<Pressed | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const chosen = useSignal<string | null>(cart.delivery_method)
  const attempt = async (work: () => Promise<void>) => {
    isRunning.value = true
    failure.value = undefined
    pressed.value = undefined
    try {
      await work()
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
    }
  }
  const press = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isRunning.value) return
    void attempt(async () => {
      const result = await checkOut(cart)
      if (result.kind === 'placed') toPayer(result.ordered, () => leave(route))
      else pressed.value = result
    })
  }
  const choose = (method: string) => {
    chosen.value = method
    void attempt(() => patchCart({ delivery_method: method }))
  }
  const { currency, total } = cart
  if (methods.failure.value !== undefined) return <Problem error={methods.failure.value} retry={methods.read} />
  return (
    <form class="stack" onSubmit={press}>
      <Methods cart={cart} chosen={chosen.value} methods={methods.value} choose={choose} />
      <Warnings of={warningsAt(cart, '/delivery_method')} />
      {total > 0 && <p>{words.sandbox}</p>}
      {pressed.value !== undefined && <Refused pressed={pressed.value} />}
      {failure.value !== undefined && <Problem error={failure.value} />}
      <button type="submit" class="large" disabled={isRunning.value}>
        {isRunning.value ? texts.working : total > 0 ? words.pay(money(total, currency)) : words.order}
      </button>
    </form>
  )
}

/** Shows the order. The cart is shown until then. */
function leave(route: (url: string) => void): void {
  route(shopAddress('order'))
  forget()
}

/** The delivery methods for the country and currency of the cart. */
function useMethods({ currency, delivery }: Cart) {
  const methods = useSignal<readonly DeliveryMethodView[] | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const country = delivery?.country ?? ''
  const read = async () => {
    failure.value = undefined
    try {
      const query = new URLSearchParams({ country, currency, limit: '100' })
      methods.value = await ask<DeliveryMethodView[]>(`/api/delivery-methods?${query}`)
    } catch (error) {
      failure.value = error
    }
  }
  useEffect(() => void read(), [country, currency])
  return { value: methods.value, failure, read: () => void read() }
}

type MethodsProps = {
  cart: Cart
  chosen: string | null
  methods: readonly DeliveryMethodView[] | undefined
  choose: (method: string) => void
}

function Methods({ cart, chosen, methods, choose }: MethodsProps) {
  if (methods === undefined) return <Skeleton lines={2} />
  if (methods.length === 0) return <p class="warning">{words.noMethods}</p>
  return (
    <fieldset class="choices">
      <legend>{words.method}</legend>
      {methods.map(({ method, name, prices, free_from: freeFrom }) => (
        <label key={method}>
          <input
            type="radio"
            name="method"
            value={method}
            required
            checked={chosen === method}
            onChange={() => choose(method)}
          />
          <span>
            {name}{' '}
            <span class="faint">
              {[priceOf(prices[cart.currency] ?? 0, cart.currency), freeOf(freeFrom?.[cart.currency], cart.currency)]
                .filter(text => text !== '')
                .join(', ')}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

function priceOf(price: number, currency: string): string {
  return price === 0 ? words.free : money(price, currency)
}

function freeOf(from: number | undefined, currency: string): string {
  return from === undefined ? '' : words.freeFrom(money(from, currency))
}

/** Says why nothing was ordered. */
function Refused({ pressed }: { pressed: Pressed }) {
  if (pressed.kind === 'placed') return null
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{pressed.text}</p>
      {pressed.details.length > 0 && (
        <ul class="violations">
          {pressed.details.map(detail => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      )}
      {pressed.kind === 'cart' && <a href={shopAddress('cart')}>{words.backToCart}</a>}
    </div>
  )
}
