import { useSignal } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Skeleton } from '../parts/states.tsx'
import { Refusal } from '../platform/api.ts'
import { money } from '../platform/money.ts'
import { shopAddress } from './address.ts'
import {
  type Cart,
  type CartLine,
  type CartWarning,
  cart as current,
  cartFailure,
  isCartRead,
  readCart,
  removeLine,
  setQuantity,
} from './basket.ts'
import { priceAfterSale } from './catalogue.ts'
import { CodeForm } from './code-form.tsx'
import { Drawing } from './drawing.tsx'
import { Nothing, Problem, Title } from './parts.tsx'
import { say } from './said.ts'
import { texts } from './texts.ts'
import { Totals } from './totals.tsx'
import { canBeOrdered, Warnings, warningsAt } from './warnings.tsx'

const words = texts.cart
/** The most units of a cart. */
const unitsMax = 1000

/** What is in the cart, and what it comes to. */
export function CartPage() {
  // Prices and stock may have changed since it was read.
  useEffect(() => void readCart(), [])
  const cart = current.value
  return (
    <>
      <Title text={texts.pages.cart} />
      {cartFailure.value !== undefined && <Problem error={cartFailure.value} retry={() => void readCart()} />}
      {cart !== undefined && cart.lines.length > 0 ? <Filled cart={cart} /> : <Unfilled />}
    </>
  )
}

/** Instead of lines: nothing, or what is known of them so far. */
function Unfilled() {
  if (cartFailure.value !== undefined) return null
  return isCartRead.value ? <Nothing title={words.empty} /> : <Skeleton lines={4} />
}

function Filled({ cart }: { cart: Cart }) {
  const summaryId = useId()
  return (
    <div class="beside">
      <ul class="card lines" aria-label={words.lines}>
        {cart.lines.map((line, index) => (
          <Line
            key={line.chrt_id}
            line={line}
            currency={cart.currency}
            warnings={warningsAt(cart, `/lines/${index}`)}
          />
        ))}
      </ul>
      <section class="card stack" aria-labelledby={summaryId}>
        <h2 id={summaryId}>{words.summary}</h2>
        <CodeForm cart={cart} />
        <Totals cart={cart} />
        {canBeOrdered(cart) && (
          <a class="button large" href={shopAddress('checkout')}>
            {words.checkout}
          </a>
        )}
      </section>
    </div>
  )
}

type LineProps = { line: CartLine; currency: string; warnings: readonly CartWarning[] }

function Line({ line, currency, warnings }: LineProps) {
  return (
    <li class="line">
      <Drawing name={line.name} nmId={line.nm_id} />
      <div class="line-what">
        <p class="line-name">{nameOf(line)}</p>
        <p class="faint">{[line.brand, line.size].filter(text => text !== '').join(' · ')}</p>
        {line.price !== null && (
          <p class="faint">{words.each(money(priceAfterSale(line.price, line.sale), currency))}</p>
        )}
        <LineTools line={line} />
        <Warnings of={warnings} />
      </div>
      <p class="amount line-total">{money(line.subtotal, currency)}</p>
    </li>
  )
}

function nameOf({ name, chrt_id: chrtId }: CartLine): string {
  return name === '' ? words.gone(chrtId) : name
}

/** Changes the quantity, or takes the item out. */
function LineTools({ line }: { line: CartLine }) {
  const failure = useSignal<unknown>(undefined)
  const quantity = useNumberField(line.quantity)
  const name = nameOf(line)
  const attempt = async (work: () => Promise<void>) => {
    failure.value = undefined
    try {
      await work()
    } catch (error) {
      failure.value = error
    }
  }
  const put = async (field: HTMLInputElement) => {
    await attempt(async () => {
      // In the browser's words.
      if (!field.checkValidity()) throw new Refusal(0, { title: words.notPossible, detail: field.validationMessage })
      await setQuantity(line.chrt_id, field.valueAsNumber)
    })
    // What was refused is not what the cart has.
    if (failure.peek() !== undefined) field.value = String(line.quantity)
  }
  const remove = async () => {
    await removeLine(line.chrt_id)
    say(words.removed(name))
    document.querySelector('h1')?.focus()
  }
  return (
    <>
      <div class="line-tools">
        <input
          type="number"
          aria-label={words.quantity(name)}
          ref={quantity}
          min={1}
          max={unitsMax}
          required
          inputMode="numeric"
          onChange={event => void put(event.currentTarget)}
        />
        <button type="button" class="quiet small" aria-label={words.removeOf(name)} onClick={() => attempt(remove)}>
          {words.remove}
        </button>
      </div>
      {failure.value !== undefined && <Problem error={failure.value} />}
    </>
  )
}

/** Shows a number in a field when the number changes, and not whenever it is read: somebody may be typing. */
function useNumberField(value: number) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (field.current !== null) field.current.value = String(value)
  }, [value])
  return field
}
