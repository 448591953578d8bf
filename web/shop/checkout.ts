import type { Static } from 'typebox'
import type { checkoutView } from '../../src/carts/views.ts'
import { Refusal } from '../platform/api.ts'
import { money } from '../platform/money.ts'
import { shopAddress, webAddress } from './address.ts'
import { ask } from './api.ts'
import { type Cart, cart as current, readCart } from './basket.ts'
import { keepAsOrder, kept, type Opened } from './kept.ts'
import { texts } from './texts.ts'

/** An order, and its last payment. */
export type Ordered = Static<typeof checkoutView>

/** What a press of the button has come to. `cart`: the customer has to look at the cart. */
export type Pressed =
  | Readonly<{ kind: 'placed'; ordered: Ordered }>
  | Readonly<{ kind: 'again' | 'cart'; text: string; details: readonly string[] }>

const words = texts.checkout
const attemptsMax = 5
const pauseMs = 1_000

/**
 * Orders the cart for the total that the page shows. Where the total is another one, or something is missing, nothing is ordered and the
 * cart is read again.
 *
 * @throws Refusal for anything else
 */
export async function checkOut(shown: Cart): Promise<Pressed> {
  const opened = kept.peek().cart
  if (opened === undefined) return { kind: 'cart', text: words.incomplete, details: [] }
  try {
    const ordered = await order(opened, shown.total)
    keepAsOrder(opened)
    return { kind: 'placed', ordered }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.status === 0) return { kind: 'again', text: words.unknown, details: [] }
    const { code, violations } = error
    const isKnown = code === 'CART_CHANGED' || code === 'OUT_OF_STOCK' || code === 'CART_INCOMPLETE'
    if (!isKnown) throw error
    await readCart()
    const { total, currency } = current.peek() ?? shown
    if (code === 'CART_CHANGED') return { kind: 'again', text: words.changed(money(total, currency)), details: [] }
    if (code === 'OUT_OF_STOCK') return { kind: 'cart', text: words.soldOut, details: namesOf(current.peek()) }
    const details = violations.map(({ pointer, detail }) => `${pointer.slice(1).replaceAll('/', ' ')}: ${detail}`)
    return { kind: 'cart', text: words.incomplete, details }
  }
}

/** Pays an order whose payment has failed. @throws Refusal */
export function payAgain(opened: Opened, { order: { payment } }: Ordered): Promise<Ordered> {
  return order(opened, payment.amount)
}

/** Leads the customer to the payment's provider, or where there is nothing to do, to the order. */
export function toPayer({ payment }: Ordered, toOrder: () => void): void {
  const address = webAddress(payment?.next_action?.url)
  if (address === undefined) toOrder()
  else location.assign(address)
}

/** Presses the button; again while another press is under way. */
async function order({ id, token }: Opened, expectedTotal: number): Promise<Ordered> {
  const returnUrl = new URL(shopAddress('order', { cart: id }), location.href).href
  const payment = { provider: 'sandbox', method_token: 'tok_action', return_url: returnUrl }
  const body = { payment, expected_total: expectedTotal }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask<Ordered>(`/api/carts/${encodeURIComponent(id)}/checkout`, { method: 'POST', token, body })
    } catch (error) {
      const isUnderWay = error instanceof Refusal && error.code === 'CHECKOUT_IN_PROGRESS'
      if (!isUnderWay || attempt === attemptsMax) throw error
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  }
}

/** The lines of which there is too little, by name. */
function namesOf(cart: Cart | undefined): string[] {
  if (cart === undefined) return []
  return cart.warnings
    .filter(({ code }) => code === 'out_of_stock')
    .flatMap(({ pointer, detail }) => {
      const line = cart.lines[Number(/^\/lines\/(\d+)/.exec(pointer)?.[1])]
      return line === undefined ? [] : `${line.name}: ${detail}`
    })
}
