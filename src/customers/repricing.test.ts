import { expect, test } from 'bun:test'
import type { DeliveryMethod } from '../carts/delivery-method.ts'
import { type TaxRate, taxTableOf } from '../carts/tax-rate.ts'
import { exampleOrder } from '../orders/example.ts'
import { whyRepriced } from './repricing.ts'

const rate = (country: string, region: string, ratePpm: number, taxClass = 'standard'): TaxRate => {
  return { country, region, taxClass, name: 'VAT', ratePpm, isInclusive: true }
}
const taxes = taxTableOf([
  ...[rate('DE', '', 190_000), rate('AT', '', 200_000), rate('LU', '', 190_000), rate('US', 'Texas', 62_500)],
  rate('LU', '', 30_000, 'books'),
])
const post: DeliveryMethod = {
  ...{ method: 'post', name: 'Post', prices: { USD: 500 }, freeFrom: null, countries: ['DE', 'LU'] },
  ...{ taxClass: null, active: true },
}

type Case = [
  what: string,
  from: string,
  to: string,
  expected: string,
  more?: { service?: string; books?: true; tax?: number },
]

const cases: Case[] = [
  ['the same place', 'DE', 'DE', ''],
  ['a region without a rate', 'DE', 'DE Bayern', ''],
  ['a region in another case', 'US Texas', 'US  TEXAS ', ''],
  ['another region with a rate', 'US', 'US Texas', 'other taxes apply there'],
  ['another rate', 'DE', 'AT', 'other taxes apply there'],
  ['the same rate in another country', 'DE', 'LU', ''],
  ['the same rate, but for books', 'DE', 'LU', 'other taxes apply there', { books: true }],
  ['no rate in either', 'FR', 'ES', ''],
  ['taxes of the sender', 'FR', 'ES', 'the order has taxes that no tax rate here explains', { tax: 5 }],
  ['where the method goes', 'DE', 'LU', '', { service: 'post' }],
  ['where the method does not go', 'DE', 'FR', 'the delivery method does not deliver to FR', { service: 'post' }],
]

for (const [what, from, to, expected, { service = 'meest', books, tax = 0 } = {}] of cases) {
  test(`a correction and the price: ${what}`, () => {
    const order = exampleOrder('repriced', 0, () => 0)
    const place = (text: string) => ({ country: text.slice(0, 2), region: text.slice(3) })
    const priced = {
      ...order,
      delivery: { ...order.delivery, ...place(from) },
      delivery_service: service,
      payment: { ...order.payment, currency: 'USD', tax_total: tax },
    }
    const by = { methods: new Map([['post', post]]), taxes, taxClassOf: () => (books ? 'books' : undefined) }
    expect(whyRepriced(priced, place(to), by) ?? '').toBe(expected)
  })
}
