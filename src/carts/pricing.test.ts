import { describe, expect, test } from 'bun:test'
import type { DeliveryMethod } from './delivery-method.ts'
import type { Discount } from './discount.ts'
import type { CartLine, PriceInput } from './price-input.ts'
import { type Pricing, priceCart } from './pricing.ts'
import { type TaxRate, taxTableOf } from './tax-rate.ts'

const nowMs = Date.UTC(2026, 10, 29)

let items = 0
function line(
  price: number,
  quantity = 1,
  more: Partial<CartLine['item']> & { priceWhenAdded?: number } = {},
): CartLine {
  items += 1
  const { priceWhenAdded, ...item } = more
  const known = { chrtId: items, nmId: 1, name: 'Lamp', brand: 'Ikea', size: 'M', sale: 0, taxClass: 'standard' }
  return { item: { ...known, prices: { USD: price }, ...item }, quantity, priceWhenAdded }
}

function discount(more: Partial<Discount>): Discount {
  const whenever = { minimums: null, startsAtMs: null, endsAtMs: null, usesMax: null, usesPerCustomerMax: null }
  return { code: 'X', kind: 'percent', percent: null, amounts: null, ...whenever, uses: 0, active: true, ...more }
}
const percent = (value: number, more: Partial<Discount> = {}) => discount({ kind: 'percent', percent: value, ...more })
const fixed = (value: number, more: Partial<Discount> = {}) =>
  discount({ kind: 'fixed', amounts: { USD: value }, ...more })
const entered = (...discounts: Discount[]) =>
  discounts.map((one, index) => ({ code: `${one.code}${index}`, discount: { ...one, code: `${one.code}${index}` } }))

function method(more: Partial<DeliveryMethod> = {}): { found: DeliveryMethod } {
  const known = { method: 'post', name: 'Post', freeFrom: null, countries: [], taxClass: null, active: true }
  return { found: { ...known, prices: { USD: 500 }, ...more } }
}

function rate(ratePpm: number, more: Partial<TaxRate> = {}): TaxRate {
  return { country: 'US', region: '', taxClass: 'standard', name: 'Tax', ratePpm, isInclusive: false, ...more }
}

function price(more: Partial<PriceInput>): Pricing {
  const priced = priceCart({
    currency: 'USD',
    lines: [],
    codes: [],
    country: 'US',
    taxes: taxTableOf([]),
    nowMs,
    ...more,
  })
  if (priced.kind === 'refused') throw new Error(JSON.stringify(priced.violations))
  return priced.pricing
}

test('a line is rounded half up once, whatever its quantity', () => {
  const totals = (...lines: CartLine[]) => price({ lines }).lines.map(({ total }) => total)
  expect(totals(line(453, 1, { sale: 30 }), line(453, 3, { sale: 30 }))).toEqual([317, 951])
  expect(totals(line(1, 1, { sale: 50 }), line(1, 10, { sale: 50 }), line(1, 3, { sale: 50 }))).toEqual([1, 5, 2])
  expect(totals(line(100, 1, { sale: 100 }), line(0, 7))).toEqual([0, 0])
})

describe('codes', () => {
  const lines = [line(1000), line(3000)]
  const amounts = (codes: PriceInput['codes'], more: Partial<PriceInput> = {}) =>
    price({ lines, codes, ...more }).discounts.map(({ code, amount }) => [code, amount])

  test('apply by kind: percentages one after another, fixed amounts, free delivery; within a kind as they were given', () => {
    const free = discount({ kind: 'free_delivery' })
    const codes = entered(free, fixed(300), percent(10), percent(50), fixed(200))
    const pricing = price({ lines, codes, delivery: method() })
    expect(pricing.discounts.map(({ code, amount }) => [code, amount])).toEqual([
      ['X2', 400],
      ['X3', 1800],
      ['X1', 300],
      ['X4', 200],
      ['X0', 500],
    ])
    expect(pricing).toMatchObject({ subtotal: 4000, discountTotal: 3200, deliveryCost: 500, total: 1300, warnings: [] })
    expect(pricing.lines.map(share => share.discount)).toEqual([675, 2025])
  })

  test('take no more than there is, and are rounded half up', () => {
    expect(amounts(entered(fixed(9000), fixed(1)))).toEqual([
      ['X0', 4000],
      ['X1', 0],
    ])
    expect(amounts(entered(percent(15)), { lines: [line(10)] })).toEqual([['X0', 2]])
    expect(price({ lines, codes: entered(percent(100)) }).total).toBe(0)
  })

  test('count once, however they are written', () => {
    const summer = percent(10, { code: 'Summer' })
    const codes = ['SUMMER', 'summer', 'Summer'].map(code => ({ code, discount: summer }))
    expect(price({ lines, codes })).toMatchObject({ discountTotal: 400, warnings: [] })
  })

  test('give the delivery away once, and nothing where it costs nothing', () => {
    const free = entered(discount({ kind: 'free_delivery' }), discount({ kind: 'free_delivery' }))
    expect(price({ lines, codes: free, delivery: method() })).toMatchObject({
      ...{ discountTotal: 500, deliveryDiscount: 500, total: 4000 },
    })
    expect(price({ lines, codes: free })).toMatchObject({ discountTotal: 0, total: 4000, warnings: [] })
  })

  const cases: [string, string, Discount | undefined, number][] = [
    ['there is none', 'is unknown', undefined, 0],
    ['it is not active', 'is no longer active', percent(10, { active: false }), 0],
    ['it has not begun', 'applies from', percent(10, { startsAtMs: nowMs + 1 }), 0],
    ['it is over', 'has ended', percent(10, { endsAtMs: nowMs }), 0],
    ['it is used up', 'is used up', percent(10, { usesMax: 100, uses: 100 }), 0],
    ['this customer has used it up', 'by this customer', percent(10, { usesPerCustomerMax: 1 }), 1],
    ['the subtotal is too small', 'needs a subtotal of 4001', percent(10, { minimums: { USD: 4001 } }), 0],
    ['it has no minimum in the currency', 'in USD', percent(10, { minimums: { EUR: 1 } }), 0],
    ['it has no amount in the currency', 'in USD', discount({ kind: 'fixed', amounts: { EUR: 1 } }), 0],
    ['its amounts are those of a prototype', 'in toString', fixed(1), 0],
  ]
  test.each(cases)('one is left out with a warning when %s', (name, reason, refused, usesByCustomer) => {
    const codes = [...entered(percent(10)), { code: 'BAD', discount: refused, usesByCustomer }]
    const currency = name.includes('prototype') ? 'toString' : 'USD'
    const pricing = price({ lines, codes, currency })
    expect(pricing.discounts).toHaveLength(1)
    const warning = {
      code: 'code_not_applicable' as const,
      pointer: '/discount_codes/1',
      detail: expect.stringContaining(reason),
    }
    expect(pricing.warnings.filter(({ code }) => code !== 'price_missing')).toEqual([warning])
  })

  test('apply at their bounds: from their first instant, to their last use, at their minimum', () => {
    const bounds = { startsAtMs: nowMs, endsAtMs: nowMs + 1, usesMax: 2, uses: 1, usesPerCustomerMax: 2 }
    const codes = entered(percent(10, { ...bounds, minimums: { USD: 4000 } }))
    expect(price({ lines, codes: codes.map(one => ({ ...one, usesByCustomer: 1 })) }).discountTotal).toBe(400)
    expect(price({ lines, codes }).discountTotal).toBe(400)
  })
})

describe('delivery', () => {
  const lines = [line(1000, 2)]

  test('is free from a value of the goods after discounts', () => {
    const delivery = method({ freeFrom: { USD: 2000, EUR: 1 } })
    expect(price({ lines, delivery })).toMatchObject({ deliveryCost: 0, total: 2000 })
    expect(price({ lines, delivery, codes: entered(fixed(1)) })).toMatchObject({ deliveryCost: 500, total: 2499 })
  })

  const cases: [string, Partial<PriceInput>, string][] = [
    ['there is no such method', { delivery: { found: undefined } }, 'no such'],
    ['it is not active', { delivery: method({ active: false }) }, 'no longer active'],
    ['it has no price in the currency', { delivery: method({ prices: { EUR: 500 } }) }, 'no price in USD'],
    ['it does not deliver there', { delivery: method({ countries: ['DE', 'FR'] }) }, 'to US'],
    [
      'nobody knows where to',
      { delivery: method({ countries: ['US'] }), country: undefined },
      'without delivery.country',
    ],
  ]
  test.each(cases)('costs nothing, with a warning, when %s', (_, input, detail) => {
    const pricing = price({ lines, ...input })
    expect(pricing).toMatchObject({ deliveryCost: 0, total: 2000 })
    expect(pricing.warnings).toEqual([
      { code: 'method_unavailable', pointer: '/delivery_method', detail: expect.stringContaining(detail) },
    ])
  })

  test('without countries goes everywhere, also before the country is known', () => {
    expect(price({ lines, delivery: method(), country: undefined })).toMatchObject({ total: 2500, warnings: [] })
  })
})

describe('taxes', () => {
  const taxes = taxTableOf([
    rate(50_000),
    rate(88_750, { region: 'New York' }),
    rate(0, { taxClass: 'books' }),
    rate(190_000, { country: 'DE', isInclusive: true }),
  ])
  const taxOf = (one: CartLine, more: Partial<PriceInput> = {}) => {
    const { taxTotal, lines, taxes: applied, total } = price({ lines: [one], taxes, ...more })
    return { taxTotal, total, included: lines[0]?.taxIncluded, rates: applied.map(({ rate: { ratePpm } }) => ratePpm) }
  }

  test('are added or are in the price, rounded half up', () => {
    expect(taxOf(line(1000))).toEqual({ taxTotal: 50, total: 1050, included: 0, rates: [50_000] })
    expect(taxOf(line(10))).toMatchObject({ taxTotal: 1, total: 11 })
    expect(taxOf(line(9))).toMatchObject({ taxTotal: 0, total: 9 })
    expect(taxOf(line(11_900), { country: 'DE' })).toEqual({
      taxTotal: 0,
      total: 11_900,
      included: 1900,
      rates: [190_000],
    })
  })

  test('are those of the region before those of the country, and of the class before the standard', () => {
    expect(taxOf(line(1000), { region: ' new york ' })).toMatchObject({ taxTotal: 89, rates: [88_750] })
    expect(taxOf(line(1000), { region: 'Texas' })).toMatchObject({ taxTotal: 50 })
    expect(taxOf(line(1000, 1, { taxClass: 'books' }), { region: 'New York' })).toMatchObject({
      taxTotal: 0,
      rates: [0],
    })
    expect(taxOf(line(1000, 1, { taxClass: 'tools' }))).toMatchObject({ taxTotal: 50 })
    for (const country of ['FR', undefined]) {
      expect(taxOf(line(1000), { country })).toMatchObject({ taxTotal: 0, rates: [] })
    }
  })

  test('are taken line by line on what is left after discounts, and on the delivery if it has a class', () => {
    const lines = [line(10), line(10), line(10)]
    const pricing = price({ lines, taxes, delivery: method({ taxClass: 'standard' }) })
    expect(pricing.taxes).toEqual([{ rate: rate(50_000), taxable: 530, amount: 28 }])
    expect(pricing).toMatchObject({ taxTotal: 28, total: 558 })
    const codes = entered(percent(50), discount({ kind: 'free_delivery' }))
    expect(price({ lines, taxes, codes, delivery: method({ taxClass: 'standard' }) })).toMatchObject({ taxTotal: 0 })
    expect(price({ lines, taxes, delivery: method() })).toMatchObject({ taxTotal: 3, total: 533 })
  })
})

test('a price that has changed, or is gone, is told', () => {
  const lines = [
    line(1000, 1, { priceWhenAdded: 900 }),
    line(5, 1, { prices: { EUR: 5 } }),
    line(7, 1, { priceWhenAdded: 7 }),
  ]
  const { warnings, total } = price({ lines })
  expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
    ['price_changed', '/lines/0'],
    ['price_missing', '/lines/1'],
  ])
  expect(total).toBe(1007)
})

test('what does not fit into an order is refused, each by its place', () => {
  const largest = Number.MAX_SAFE_INTEGER
  const refusedAt = (more: Partial<PriceInput>) => {
    const priced = priceCart({
      currency: 'USD',
      lines: [],
      codes: [],
      country: 'US',
      taxes: taxTableOf([]),
      nowMs,
      ...more,
    })
    return priced.kind === 'refused' ? priced.violations.map(({ pointer }) => pointer) : []
  }
  expect(refusedAt({ lines: [line(largest), line(0, 999)] })).toEqual([])
  expect(refusedAt({ lines: [line(largest, 2), line(1), line(largest, 800, { sale: 99 })] })).toEqual([
    '/lines/0',
    '/lines/2',
  ])
  expect(refusedAt({ lines: [line(largest), line(1)] })).toEqual(['/lines'])
  expect(refusedAt({ lines: [line(1, 1000), line(1)] })).toEqual(['/lines'])
  expect(refusedAt({ lines: [line(largest)], delivery: method() })).toEqual([''])
  expect(refusedAt({ lines: [line(largest)], taxes: taxTableOf([rate(1)]) })).toEqual([''])
  const gratis = entered(percent(100), discount({ kind: 'free_delivery' }))
  expect(refusedAt({ lines: [line(largest)], delivery: method(), codes: gratis })).toEqual([''])
  expect(price({ lines: [line(largest)], codes: entered(percent(100)) }).total).toBe(0)
})
