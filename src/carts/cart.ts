import { hash, randomBytes } from 'node:crypto'
import { cartOrderPrefix } from '../inventory/reservation.ts'

/** A cart: the value, and what follows from it alone. Amounts are in the currency's minor unit, times in milliseconds since 1970. */

export const cartStates = ['open', 'checking_out', 'checked_out', 'merged', 'expired'] as const
export type CartState = (typeof cartStates)[number]

/** What a cart holds of an item. */
export type CartLine = Readonly<{
  chrtId: number
  /** Whole units, 1 or more. */
  quantity: number
  /** What a unit cost when the line was added. */
  priceWhenAdded: number
}>

/** The recipient, as far as the customer has said. */
export type CartDelivery = Readonly<
  Partial<Record<'name' | 'phone' | 'zip' | 'city' | 'address' | 'region' | 'email' | 'country', string>>
>

export type Cart = Readonly<{
  cartId: string
  /** SHA-256 of the token, in hex. */
  tokenHash: string
  state: CartState
  /** ISO 4217. */
  currency: string
  customerId: string | undefined
  email: string | undefined
  delivery: CartDelivery | undefined
  deliveryMethod: string | undefined
  discountCodes: readonly string[]
  note: string | undefined
  metadata: Readonly<Record<string, unknown>> | undefined
  /** Each of another item, in the order in which they were added. */
  lines: readonly CartLine[]
  /** Changes with whatever its owner sees of it, prices aside. */
  version: number
  /** The sequence of its last event, and when that was. */
  sequence: number
  recordedAtMs: number
  /** The order that it became. */
  orderUid: string | undefined
  /** The cart that has its lines now. */
  mergedInto: string | undefined
  abandonedAtMs: number | undefined
  createdAtMs: number
  updatedAtMs: number
  /** Undefined when it is over. */
  expiresAtMs: number | undefined
  /** When the worker looks at it next. */
  nextLookAtMs: number | undefined
}>

/** The most lines of a cart, and units in all of them: each unit is an item of the order, which has at most a thousand. */
export const linesMax = 100
export const unitsMax = 1_000
/** The most discount codes. */
export const codesMax = 10

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/** How long a cart waits for its next change. */
const lifetimes = { emptyMs: 48 * hourMs, guestMs: 30 * dayMs, customerMs: 90 * dayMs }

/** When a cart expires that is not changed any more. */
export function expiryOf({
  lines,
  customerId,
  updatedAtMs,
}: Pick<Cart, 'lines' | 'customerId' | 'updatedAtMs'>): number {
  if (lines.length === 0) return updatedAtMs + lifetimes.emptyMs
  return updatedAtMs + (customerId === undefined ? lifetimes.guestMs : lifetimes.customerMs)
}

export function unitsOf(lines: readonly CartLine[]): number {
  return lines.reduce((units, { quantity }) => units + quantity, 0)
}

/** The form of a cart's id. */
export const cartIdForm = /^cart_[a-z2-7]{24}$/

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** `cart_` and 24 characters, 120 bits. */
export function newCartId(): string {
  return `cart_${[...randomBytes(24)].map(byte => alphabet[byte & 31]).join('')}`
}

/** The order that a cart becomes: one, however often checkout is pressed. */
export function orderUidOf(cartId: string): string {
  return cartId.replace(/^cart_/, cartOrderPrefix)
}

/** The cart that became an order, if a cart did: other orders may have such a uid too. */
export function cartIdOfOrder(orderUid: string): string | undefined {
  if (!orderUid.startsWith(cartOrderPrefix)) return undefined
  const cartId = `cart_${orderUid.slice(cartOrderPrefix.length)}`
  return cartIdForm.test(cartId) ? cartId : undefined
}

/** A token begins with it; keys of the API begin with another. */
export const cartTokenPrefix = 'ct_'

/** A new token: 128 random bits. It is shown once, and opens its own cart only. */
export function newCartToken(): string {
  return `${cartTokenPrefix}${randomBytes(16).toString('base64url')}`
}

/** What is stored of a token: its SHA-256 in hex. It is random and long, so it needs no slow hash. */
export function hashOfToken(token: string): string {
  return hash('sha256', token, 'hex')
}

/** A cart as it begins. @param abandonedAfterMs when the worker looks at it first */
export function newCart(
  made: Pick<Cart, 'cartId' | 'tokenHash' | 'currency' | 'customerId'>,
  nowMs: number,
  abandonedAfterMs: number,
): Cart {
  const begun = { lines: [], customerId: made.customerId, updatedAtMs: nowMs }
  return {
    ...made,
    ...begun,
    state: 'open',
    email: undefined,
    delivery: undefined,
    deliveryMethod: undefined,
    discountCodes: [],
    note: undefined,
    metadata: undefined,
    version: 1,
    sequence: 1,
    recordedAtMs: nowMs,
    orderUid: undefined,
    mergedInto: undefined,
    abandonedAtMs: undefined,
    createdAtMs: nowMs,
    expiresAtMs: expiryOf(begun),
    nextLookAtMs: nowMs + abandonedAfterMs,
  }
}

/** A cart that its owner has changed. The time does not go back when the clock does. */
export function changedCart(before: Cart, change: Partial<Cart>, nowMs: number): Cart {
  const after = { ...before, ...change, updatedAtMs: Math.max(before.updatedAtMs, nowMs), version: before.version + 1 }
  return { ...after, expiresAtMs: after.state === 'open' ? expiryOf(after) : undefined }
}

/** What a cart keeps of its recipient when it is over and no order has it: nothing. */
export const nobody = { email: undefined, delivery: undefined, note: undefined, metadata: undefined } as const

/** The next event of a cart's stream, on the cart as it is then. */
export function recorded(cart: Cart, nowMs: number): Cart {
  return { ...cart, sequence: cart.sequence + 1, recordedAtMs: Math.max(cart.recordedAtMs, nowMs) }
}
