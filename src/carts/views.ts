import { type Static, Type } from 'typebox'
import { storedOrderView } from '../orders/views.ts'
import { paymentView } from '../payments/views.ts'
import { extended, listOf, nullable, problem, time } from '../platform/view.ts'
import { cartMetadata, cartState } from './cart-schemas.ts'
import { discountView } from './price-documents.ts'
import { cartDelivery } from './requests.ts'

/** Carts as they are answered. Amounts are integers in the currency's minor unit. */

const amount = (description: string) => Type.Integer({ minimum: 0, format: 'int64', description })

export const cartLineView = Type.Object(
  {
    chrt_id: Type.Integer({ minimum: 0, format: 'int64', description: 'The sellable unit (SKU)' }),
    nm_id: Type.Integer({ minimum: 0, format: 'int64', description: 'The product that it belongs to' }),
    name: Type.String(),
    brand: Type.String(),
    size: Type.String(),
    quantity: Type.Integer({ minimum: 1 }),
    price: nullable(amount('Of a unit before sale; null: it has none in this currency')),
    price_when_added: amount('The same when the line was added'),
    sale: Type.Integer({ minimum: 0, maximum: 100, description: 'The discount in percent' }),
    subtotal: amount('Of the line after sale'),
    discount: amount('Its share of the discounts'),
    tax: amount('The tax that is added to it'),
    tax_included: amount('The tax that its price includes'),
  },
  { title: 'CartLine', description: 'What a cart holds of an item' },
)

export const cartDiscountView = Type.Object(
  {
    code: Type.String(),
    kind: discountView.properties.kind,
    amount: amount('What it takes off'),
  },
  { title: 'CartDiscount', description: 'A discount that applies' },
)

export const cartTaxView = Type.Object(
  {
    name: Type.String(),
    tax_class: Type.String(),
    rate_ppm: Type.Integer({ minimum: 0, description: 'In millionths: 190000 is 19 %' }),
    included: Type.Boolean({ description: 'Whether prices include it; otherwise it is added' }),
    taxable: amount('What it is computed on'),
    amount: amount('What it comes to'),
  },
  { title: 'CartTax', description: 'A tax by its rate' },
)

export const cartWarningCodes = [
  'price_changed',
  'price_missing',
  'out_of_stock',
  'quantity_limited',
  'code_not_applicable',
  'method_unavailable',
] as const

export const cartWarningView = Type.Object(
  {
    code: Type.Enum([...cartWarningCodes], { title: 'CartWarningCode' }),
    pointer: Type.String({ description: 'JSON Pointer to the place in the cart' }),
    detail: Type.String({ description: 'A sentence for a person' }),
  },
  { title: 'CartWarning', description: 'What the customer should know' },
)
export type CartWarning = Static<typeof cartWarningView>

const cartFields = {
  id: Type.String(),
  state: cartState,
  currency: Type.String({ description: 'ISO 4217' }),
  customer_id: nullable(Type.String(), { description: 'null: a guest' }),
  email: nullable(Type.String()),
  version: Type.Integer({ minimum: 1, description: 'Also the ETag' }),
  order_uid: nullable(Type.String(), { description: 'The order that it became' }),
  merged_into: nullable(Type.String(), { description: 'The cart that has its lines' }),
  abandoned_at: nullable(time(), { description: 'When it was found abandoned' }),
  created_at: time(),
  updated_at: time(),
  expires_at: nullable(time(), { description: 'When it expires unless it is changed; null: it is over' }),
}

export const cartView = Type.Object(
  {
    ...cartFields,
    delivery: Type.Union([cartDelivery, Type.Null()], { description: 'The recipient, as far as known' }),
    delivery_method: nullable(Type.String()),
    discount_codes: listOf(Type.String()),
    note: nullable(Type.String()),
    metadata: cartMetadata,
    lines: listOf(cartLineView),
    subtotal: amount('The lines after sale'),
    discounts: listOf(cartDiscountView),
    discount_total: amount('All discounts'),
    delivery_cost: amount('What the delivery costs before a free_delivery code'),
    taxes: listOf(cartTaxView),
    tax_total: amount('The taxes that are added'),
    total: amount('subtotal − discount_total + delivery_cost + tax_total'),
    warnings: listOf(cartWarningView),
  },
  { title: 'Cart', description: 'A cart, priced as it is now' },
)
export type CartView = Static<typeof cartView>

export const newCartView = extended(
  cartView,
  {
    cart_token: nullable(Type.String(), {
      description: 'Opens this cart: Authorization: Bearer. It is shown once; null in a repeated answer',
    }),
  },
  { title: 'CreatedCart', description: 'A cart, and its token' },
)

/** A cart in a list: as it is stored, without its prices. */
export const listedCartView = Type.Object(
  {
    ...cartFields,
    lines: Type.Integer({ minimum: 0, description: 'How many items' }),
    units: Type.Integer({ minimum: 0, description: 'How many units in all' }),
  },
  { title: 'ListedCart', description: 'A cart in a list' },
)
export type ListedCart = Static<typeof listedCartView>

export const checkoutView = Type.Object(
  {
    order: storedOrderView,
    payment: Type.Union([paymentView, Type.Null()], { description: 'The last payment; null: the order waits for one' }),
  },
  { title: 'CheckoutResult', description: 'The order that a cart became, and its payment' },
)

/** Why a checkout was refused. */
export const checkoutProblem = extended(
  problem,
  {
    total: Type.Optional(amount('With CART_CHANGED: what is to be paid now')),
    cart: Type.Optional(cartView),
  },
  {
    title: 'CheckoutProblem',
    description: 'RFC 9457. With CART_CHANGED it has the new total, and the cart unless that became an order before',
  },
)
