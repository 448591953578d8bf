import { type Static, Type } from 'typebox'
import { withoutNul } from '../platform/json.ts'
import { listOf, nullable, recordOf, time } from '../platform/view.ts'
import { discountKinds } from './discount.ts'

/** Discount codes, delivery methods and tax rates on the wire: what a PUT sends, and what is answered. */

/** The form of codes, and of the ids of delivery methods and tax rates. */
export const idForm = /^[A-Za-z0-9_-]{1,64}$/
export const idExpected = '1 to 64 of A-Z a-z 0-9 _ -'

/** The most countries and currencies of a document: more than there are. */
export const codesMax = 250

const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64' })
const amounts = recordOf(amount, {
  title: 'AmountsByCurrency',
  description: 'Amounts in the minor unit of each currency, by its ISO 4217 code',
})
const amountsOrNull = (description: string) => Type.Union([amounts, Type.Null()], { description })
const countOrNull = (description: string) =>
  nullable(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, format: 'int64' }), { description })
const taxClass = Type.String({ pattern: idForm.source })
const name = Type.String({ minLength: 1, maxLength: 300, pattern: withoutNul, description: 'What buyers read' })
const active = Type.Boolean({ description: 'Whether it can be used' })

const discountFields = {
  kind: Type.Enum([...discountKinds], {
    title: 'DiscountKind',
    description: 'percent: of the goods; fixed: an amount off the goods; free_delivery: what the delivery costs',
  }),
  percent: nullable(Type.Integer({ minimum: 1, maximum: 100 }), { description: 'For kind percent alone' }),
  amounts: amountsOrNull('For kind fixed alone: what it takes off. The code applies in these currencies only'),
  minimums: amountsOrNull('The least subtotal; null: any. Where given, the code applies in these currencies only'),
  starts_at: nullable(time(), { description: 'From when it applies; null: already' }),
  ends_at: nullable(time(), { description: 'Until before when it applies; null: without end' }),
  limit: countOrNull('How many orders may use it; null: any number'),
  limit_per_customer: countOrNull('How many orders of one customer may use it; null: any number'),
  active,
}

const { kind, ...optionalOfDiscount } = discountFields

export const discountBody = Type.Object(
  { kind, ...Type.Partial(Type.Object(optionalOfDiscount)).properties },
  { title: 'DiscountChange', additionalProperties: false },
)

export const discountView = Type.Object(
  {
    code: Type.String({ description: 'As it was written; compared without regard to case' }),
    ...discountFields,
    uses: Type.Integer({ minimum: 0, format: 'int64', description: 'Orders that use it, without those cancelled' }),
    created_at: time(),
    updated_at: time(),
  },
  { title: 'Discount', description: 'A discount code' },
)

const methodFields = {
  name,
  prices: recordOf(amount, {
    title: 'DeliveryPrices',
    description: 'What it costs, by currency. It can be chosen in these currencies only',
  }),
  free_from: amountsOrNull('From which value of the goods, after discounts, it costs nothing; null: never'),
  countries: listOf(Type.String({ pattern: '^[A-Z]{2}$' }), {
    description: 'ISO 3166-1 alpha-2 codes of the countries it delivers to; empty: everywhere',
  }),
  tax_class: nullable(taxClass, { description: 'The tax class of what it costs; null: it is not taxed' }),
  active,
}

const { name: methodName, prices, ...optionalOfMethod } = methodFields

export const methodBody = Type.Object(
  { name: methodName, prices, ...Type.Partial(Type.Object(optionalOfMethod)).properties },
  { title: 'DeliveryMethodChange', additionalProperties: false },
)

export const methodView = Type.Object(
  { method: Type.String({ description: 'The delivery_service of its orders' }), ...methodFields, updated_at: time() },
  { title: 'DeliveryMethod', description: 'A way of delivery that a buyer can choose' },
)

const rateFields = {
  country: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' }),
  region: Type.String({
    maxLength: 300,
    pattern: withoutNul,
    description: 'The text of delivery.region, without regard to case; empty: the whole country',
  }),
  tax_class: Type.String({ pattern: idForm.source, description: 'Of the items, and of delivery methods' }),
  name: Type.String({ ...name, description: 'What buyers read, such as VAT' }),
  rate_ppm: Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'In millionths: 190000 is 19 %' }),
  inclusive: Type.Boolean({ description: 'Whether prices include it; otherwise it is added to them' }),
}

const { country, name: rateName, rate_ppm: ratePpm, ...optionalOfRate } = rateFields

export const rateBody = Type.Object(
  { country, name: rateName, rate_ppm: ratePpm, ...Type.Partial(Type.Object(optionalOfRate)).properties },
  { title: 'TaxRateChange', additionalProperties: false },
)

export const rateView = Type.Object(
  { id: Type.String(), ...rateFields, updated_at: time() },
  { title: 'TaxRate', description: 'The tax on a class of items at a place' },
)

export type DiscountView = Static<typeof discountView>
export type DeliveryMethodView = Static<typeof methodView>
export type TaxRateView = Static<typeof rateView>
