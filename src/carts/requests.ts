import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError, type Violation } from '../errors.ts'
import { orderDocument } from '../orders/document.ts'
import { looksLikeCardNumber } from '../platform/card-number.ts'
import { isCountry } from '../platform/countries.ts'
import { isCurrencyAt } from '../platform/currencies.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody, remarks, withoutNul } from '../platform/json.ts'
import { nullable } from '../platform/view.ts'
import { codesMax, unitsMax } from './cart.ts'
import { cartMergeRule, cartMetadata } from './cart-schemas.ts'

/** The bodies of requests about carts. */

const sizeBytesMax = 64 * 1024
/** As JSON, in characters. */
const metadataMax = 16_000

const text = (charactersMax: number, description: string) =>
  Type.String({ minLength: 1, maxLength: charactersMax, pattern: withoutNul, description })
const customerId = (description: string) => text(64, description)

export const newCartBody = Type.Object(
  {
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217; it stays as it is' }),
    customer_id: Type.Optional(customerId('The customer, as the shop names it; a guest if left out')),
  },
  { title: 'NewCart', additionalProperties: false },
)

export const lineBody = Type.Object(
  {
    quantity: Type.Integer({ minimum: 1, maximum: unitsMax, description: 'How many units the cart has of it then' }),
  },
  { title: 'CartLineQuantity', additionalProperties: false },
)

const recipient = orderDocument.properties.delivery.properties

export const cartDelivery = Type.Object(
  {
    name: Type.Optional(recipient.name),
    phone: Type.Optional(recipient.phone),
    zip: Type.Optional(recipient.zip),
    city: Type.Optional(recipient.city),
    address: Type.Optional(recipient.address),
    region: Type.Optional(recipient.region),
    email: Type.Optional(recipient.email),
    country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' })),
  },
  { title: 'CartDelivery', description: 'The recipient, as far as known', additionalProperties: false },
)

export const cartPatchBody = Type.Object(
  {
    customer_id: Type.Optional(nullable(customerId('The customer, as the shop names it; null: a guest'))),
    email: Type.Optional(nullable(recipient.email)),
    delivery: Type.Optional(
      Type.Union([cartDelivery, Type.Null()], { description: 'Replaced as a whole; null: nobody' }),
    ),
    delivery_method: Type.Optional(nullable(text(64, 'The code of a delivery method'))),
    discount_codes: Type.Optional(Type.Array(text(64, 'A discount code'), { maxItems: codesMax })),
    note: Type.Optional(nullable(text(1_000, 'What the customer wants to say'))),
    metadata: Type.Optional(cartMetadata),
  },
  {
    title: 'CartChange',
    description: 'What is left out stays; null removes. A delivery is replaced as a whole',
    additionalProperties: false,
  },
)

export const mergeBody = Type.Object(
  {
    from: text(64, 'The id of the cart whose lines are taken over'),
    from_token: Type.Optional(text(64, 'The token of that cart; not needed with a key that has carts:write')),
    rule: cartMergeRule,
  },
  { title: 'CartMerge', additionalProperties: false },
)

export const checkoutBody = Type.Object(
  {
    payment: Type.Optional(
      Type.Object(
        {
          provider: text(64, 'Who moves the money, such as sandbox'),
          method_token: Type.Optional(
            text(255, "What the provider knows the payer's card or account by; never a card number"),
          ),
          return_url: Type.Optional(
            Type.String({
              maxLength: 2000,
              pattern: '^https?://[^\\s\\x00]+$',
              description: 'Where the payer comes back to after a confirmation',
            }),
          ),
        },
        {
          title: 'CheckoutPayment',
          description: 'Left out: the order waits for a payment',
          additionalProperties: false,
        },
      ),
    ),
    expected_total: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      format: 'int64',
      description: "The total that the customer has agreed to, in the currency's minor unit",
    }),
  },
  { title: 'Checkout', additionalProperties: false },
)

export type CartPatch = Static<typeof cartPatchBody>
export type CheckoutRequest = Static<typeof checkoutBody>

/** Why a buyer cancels. */
export const cancellationBody = Type.Object(
  { reason: remarks.reason },
  { title: 'CartOrderCancellation', additionalProperties: false },
)

const contracts = {
  cart: Compile(newCartBody),
  line: Compile(lineBody),
  patch: Compile(cartPatchBody),
  merge: Compile(mergeBody),
  checkout: Compile(checkoutBody),
  cancellation: Compile(cancellationBody),
}

/** @throws AppError REQUEST_INVALID with every violation, CARD_DATA_REFUSED, and as `readJsonBody` does; so do the others */
export async function readNewCart(request: HttpRequest, nowMs: number): Promise<Static<typeof newCartBody>> {
  const expected = 'must be a JSON object with currency'
  const body = await readJsonBody(request, contracts.cart, { sizeBytesMax, expected })
  if (!isCurrencyAt(body.currency, nowMs)) {
    throw invalid([{ pointer: '/currency', detail: 'must be an ISO 4217 currency code that has a minor unit' }])
  }
  return checked(body)
}

export async function readLine(request: HttpRequest): Promise<Static<typeof lineBody>> {
  return readJsonBody(request, contracts.line, { sizeBytesMax, expected: 'must be a JSON object with quantity' })
}

export async function readPatch(request: HttpRequest): Promise<CartPatch> {
  const expected = 'must be a JSON object with what is to be changed'
  const body = await readJsonBody(request, contracts.patch, { sizeBytesMax, expected })
  const violations: Violation[] = []
  if (JSON.stringify(body.metadata ?? null).length > metadataMax)
    violations.push({ pointer: '/metadata', detail: `must be at most ${metadataMax} characters as JSON` })
  const country = body.delivery?.country
  if (country !== undefined && !isCountry(country))
    violations.push({ pointer: '/delivery/country', detail: 'must be the ISO 3166-1 alpha-2 code of a country' })
  if (violations.length > 0) throw invalid(violations)
  return checked(body)
}

export async function readMerge(request: HttpRequest): Promise<Static<typeof mergeBody>> {
  return readJsonBody(request, contracts.merge, { sizeBytesMax, expected: 'must be a JSON object with from and rule' })
}

export async function readCheckout(request: HttpRequest): Promise<CheckoutRequest> {
  const expected = 'must be a JSON object with payment and expected_total'
  return checked(await readJsonBody(request, contracts.checkout, { sizeBytesMax, expected }))
}

export async function readCancellation(request: HttpRequest): Promise<Static<typeof cancellationBody>> {
  const expected = 'must be a JSON object with reason, or be left out'
  return checked(await readJsonBody(request, contracts.cancellation, { sizeBytesMax, expected, absent: {} }))
}

function invalid(violations: readonly Violation[]): AppError {
  return new AppError('REQUEST_INVALID', 'the body is not valid', { violations })
}

/** Refuses card numbers before anything is stored or logged. */
function checked<Body>(body: Body): Body {
  const violations = cardNumbersIn(body, '')
  if (violations.length > 0) throw new AppError('CARD_DATA_REFUSED', 'the request holds a card number', { violations })
  return body
}

/** A telephone number may look like one. */
const phonePointer = '/delivery/phone'

function cardNumbersIn(value: unknown, pointer: string): Violation[] {
  if (typeof value === 'string')
    return pointer !== phonePointer && looksLikeCardNumber(value)
      ? [{ pointer, detail: 'must not hold a card number' }]
      : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    cardNumbersIn(inner, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  )
}
