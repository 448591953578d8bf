import { type Static, Type } from 'typebox'
import { countryForm } from '../platform/countries.ts'
import { instantForm } from '../platform/instant.ts'

/**
 * The order document: the wire format that HTTP, Kafka and the read API share. This schema is the type, the check, and
 * what OpenAPI and the event schemas show. Fields it does not name are allowed everywhere, kept and returned.
 */

const line = (meaning: string) =>
  Type.String({ maxLength: 300, description: meaning, expected: 'a text of at most 300 characters' })
const anyText = (meaning: string) => Type.String({ description: meaning })
/** An amount of money in the currency's minor unit (ISO 4217 exponent), as an exact integer. */
const money = (meaning: string) =>
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: `${meaning}, in the currency's minor unit`,
  })
const integer = (meaning: string, minimum: number) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, description: meaning })

const identifier = (meaning: string) =>
  Type.String({ maxLength: 64, description: meaning, expected: 'a text of at most 64 characters' })
const trackNumber = (meaning: string) =>
  Type.String({ minLength: 1, maxLength: 64, description: meaning, expected: 'a text of 1 to 64 characters' })

/** Stated although it is the default: Java clients of openapi-generator refuse answers with other fields otherwise. */
const open = { additionalProperties: true } as const

const delivery = Type.Object(
  {
    name: line('The name'),
    phone: Type.String({
      maxLength: 300,
      description: 'The phone number',
      // The required digit is the first one. With any digit, the expression would scan a long text again from each of them.
      pattern: '^[+ ()-]*[0-9][+0-9 ()-]*$',
      expected: 'a phone number: digits, and beside them only +, spaces, - and brackets',
    }),
    zip: line('The postal code'),
    city: line('The city'),
    address: line('Street and house'),
    region: line('The region'),
    email: Type.String({
      maxLength: 300,
      description: 'The email address',
      pattern: '^[^\\s@]+@[^\\s@]+$',
      expected: 'an email address: a local part, @ and a domain',
    }),
    country: Type.Optional(
      Type.String({
        pattern: countryForm.source,
        description: 'The country: its ISO 3166-1 alpha-2 code',
        expected: 'the ISO 3166-1 alpha-2 code of a country, such as DE',
      }),
    ),
  },
  { title: 'Delivery', description: 'The recipient', ...open },
)

const payment = Type.Object(
  {
    transaction: identifier('The identifier of the payment at its provider'),
    request_id: identifier("The provider's identifier of the request"),
    currency: Type.String({
      pattern: '^[A-Z]{3}$',
      description:
        'ISO 4217 currency code: one of list one of 2026-01-01 that has a minor unit, or one withdrawn after date_created',
      expected: 'an ISO 4217 currency code that exists at date_created and has a minor unit',
    }),
    provider: identifier('The payment provider'),
    amount: money('What is paid in all: goods_total − discount_total + delivery_cost + custom_fee + tax_total'),
    payment_dt: integer('Unix time of the payment in seconds; 0 while it is not paid', 0),
    bank: identifier('The bank'),
    delivery_cost: money('What the delivery costs'),
    goods_total: money('The sum of total_price of the items'),
    custom_fee: money('Customs'),
    discount_total: Type.Optional(money('Discounts of the whole order; absent: 0')),
    tax_total: Type.Optional(money('Taxes that are added to the prices; absent: 0')),
  },
  { title: 'Payment', description: 'What is paid, and how', ...open },
)

const item = Type.Object(
  {
    chrt_id: integer('The sellable unit (SKU)', 0),
    track_number: trackNumber('The parcel this line travels in'),
    price: money('The price before the discount'),
    rid: anyText('The row id'),
    name: anyText('The name'),
    sale: Type.Integer({ minimum: 0, maximum: 100, description: 'The discount in percent' }),
    size: anyText('The size, as text'),
    total_price: money('The price after the discount, within 1 of price × (100 − sale) / 100'),
    nm_id: integer('The product that the unit belongs to', 0),
    brand: anyText('The brand'),
    status: integer("The sender's own status code; kept, not interpreted", Number.MIN_SAFE_INTEGER),
  },
  { title: 'Item', description: 'One unit of what is ordered', ...open },
)

/** The form of an order_uid. */
export const orderUidForm = /^[A-Za-z0-9_-]{1,64}$/

/** The most lines an order may have. */
export const itemsMax = 1000

export const orderDocument = Type.Object(
  {
    order_uid: Type.String({
      pattern: orderUidForm.source,
      description: 'The identity of the order, and its idempotency key',
      expected: '1 to 64 of A-Z a-z 0-9 _ -',
    }),
    track_number: trackNumber('The tracking number of the shipment'),
    entry: Type.String({ maxLength: 32, description: 'The entry point', expected: 'a text of at most 32 characters' }),
    delivery,
    payment,
    items: Type.Array(item, { minItems: 1, maxItems: itemsMax }),
    locale: anyText('The locale, as the sender gives it'),
    internal_signature: anyText('As the sender gives it'),
    customer_id: anyText('The customer, as the sender names it'),
    delivery_service: anyText('The carrier, as the sender names it'),
    shardkey: anyText('The partitioning key'),
    sm_id: integer('As the sender gives it', Number.MIN_SAFE_INTEGER),
    date_created: Type.String({
      pattern: instantForm.source,
      description: 'When the order was made (RFC 3339)',
      expected: 'an RFC 3339 time that exists, such as 2021-11-26T06:22:19Z',
    }),
    oof_shard: anyText('As the sender gives it'),
  },
  { title: 'Order', description: 'An order as its sender wrote it', ...open },
)

export type OrderDocument = Static<typeof orderDocument>
export type OrderItem = Static<typeof item>
