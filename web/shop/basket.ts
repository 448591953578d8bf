import { signal } from '@preact/signals'
import type { CartPatch } from '../../src/carts/requests.ts'
import type { CartView } from '../../src/carts/views.ts'
import { Refusal } from '../platform/api.ts'
import { ask, call } from './api.ts'
import { keepAsOrder, keepCart, kept, type Opened } from './kept.ts'

/** The cart of the guest, and what changes it. Changes wait for each other, so that the last answer is the newest. */

export type Cart = CartView
export type CartLine = CartView['lines'][number]
export type CartWarning = CartView['warnings'][number]

/** Undefined: there is none, or it has not been read. */
export const cart = signal<Cart | undefined>(undefined)
/** Why the cart could not be read; undefined when it was. */
export const cartFailure = signal<unknown>(undefined)
/** Whether a cart is known that has not been read yet. */
export const isCartRead = signal(kept.peek().cart === undefined)

let last: Promise<unknown> = Promise.resolve()

function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const result = last.then(work)
  last = result.catch(() => undefined)
  return result
}

const pathOf = ({ id }: Opened) => `/api/carts/${encodeURIComponent(id)}`

/** Reads the cart as it is priced now. A failure is kept in `cartFailure`. */
export function readCart(): Promise<void> {
  return inTurn(async () => {
    const opened = kept.peek().cart
    try {
      if (opened === undefined) cart.value = undefined
      else show(opened, await ask<Cart>(pathOf(opened), { token: opened.token }))
      cartFailure.value = undefined
    } catch (error) {
      if (isGone(error)) forget()
      else cartFailure.value = error
    } finally {
      isCartRead.value = true
    }
  })
}

/** Adds units of an item, in a new cart if there is none. @throws Refusal */
export function addToCart(chrtId: number, units: number, currency: string): Promise<void> {
  return inTurn(async () => {
    const before = kept.peek().cart
    try {
      await putUnits(before ?? (await create(currency)), chrtId, units)
    } catch (error) {
      // It has expired, or another tab has checked it out.
      if (before === undefined || !isGone(error)) throw error
      forget()
      await putUnits(await create(currency), chrtId, units)
    }
  })
}

async function putUnits(opened: Opened, chrtId: number, units: number): Promise<void> {
  // Another tab may have changed it.
  const { lines } = await ask<Cart>(pathOf(opened), { token: opened.token })
  const quantity = (lines.find(line => line.chrt_id === chrtId)?.quantity ?? 0) + units
  await change(opened, 'PUT', `/lines/${chrtId}`, { quantity })
}

/** Sets how many units of an item the cart has. @throws Refusal */
export function setQuantity(chrtId: number, quantity: number): Promise<void> {
  return changeOpen('PUT', `/lines/${chrtId}`, { quantity })
}

/** Takes an item out. @throws Refusal */
export function removeLine(chrtId: number): Promise<void> {
  return changeOpen('DELETE', `/lines/${chrtId}`)
}

/** Changes codes, the recipient or the delivery method. @throws Refusal */
export function patchCart(patch: CartPatch): Promise<void> {
  return changeOpen('PATCH', '', patch)
}

/** Forgets a cart. It expires by itself. */
export function forget(): void {
  keepCart(undefined)
  cart.value = undefined
  cartFailure.value = undefined
}

async function create(currency: string): Promise<Opened> {
  const made = await ask<Cart & { cart_token: string }>('/api/shop/carts', { method: 'POST', body: { currency } })
  const opened = { id: made.id, token: made.cart_token }
  keepCart(opened)
  return opened
}

function changeOpen(method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<void> {
  return inTurn(async () => {
    const opened = kept.peek().cart
    if (opened === undefined) return
    try {
      await change(opened, method, path, body)
    } catch (error) {
      if (isGone(error)) forget()
      throw error
    }
  })
}

async function change(opened: Opened, method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<void> {
  const response = await call(pathOf(opened) + path, { method, token: opened.token, ...(body && { body }) })
  show(opened, (await response.json()) as Cart)
}

/** Shows the cart as it was answered. One that is not open any more is over for this page. */
function show(opened: Opened, answered: Cart): void {
  if (answered.state === 'open') {
    cart.value = answered
    return
  }
  if (answered.order_uid !== null) keepAsOrder(opened)
  forget()
}

function isGone(error: unknown): boolean {
  return error instanceof Refusal && ['CART_NOT_FOUND', 'CART_STATE_REFUSED'].includes(error.code)
}

/** How many units a cart has. */
export function unitsOf({ lines }: Pick<Cart, 'lines'>): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0)
}
