import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { readCompactOrder } from '../orders/compact-order.ts'
import { itemsMax } from '../orders/document.ts'
import { readOrder } from '../orders/validate.ts'
import { toOrderDocument } from './order-document.ts'
import type { PriceInput } from './price-input.ts'
import { type Pricing, priceCart } from './pricing.ts'
import { shareOut } from '../platform/shares.ts'
import { type TaxRate, taxTableOf } from './tax-rate.ts'

/** Whatever a cart holds, its parts add up, no cent is lost or made, and the order of it keeps the contract. */

const largest = Number.MAX_SAFE_INTEGER
const nowMs = Date.UTC(2026, 10, 29)

const amount = fc.oneof(
  { arbitrary: fc.nat({ max: 100_000 }), weight: 8 },
  { arbitrary: fc.nat({ max: 3 }), weight: 3 },
  { arbitrary: fc.integer({ min: largest - 1000, max: largest }), weight: 1 },
  { arbitrary: fc.bigInt(0n, BigInt(largest) / 1000n).map(Number), weight: 2 },
)
/** Without digits, with two and with three behind the point. */
const currency = fc.constantFrom('JPY', 'USD', 'KWD')
const taxClass = fc.constantFrom('standard', 'books', 'tools')
const pricesIn = (value: number) => ({ JPY: value, USD: value, KWD: value })

const line = fc
  .record({
    price: amount,
    sale: fc.oneof(fc.constant(0), fc.nat({ max: 100 })),
    quantity: fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 9 }), weight: 5 },
      { arbitrary: fc.integer({ min: 1, max: 1000 }), weight: 1 },
    ),
    taxClass,
    chrtId: fc.nat(),
  })
  .map(({ price, quantity, ...item }) => ({
    item: { ...item, nmId: 1, name: 'Lamp', brand: 'Ikea', size: 'M', prices: pricesIn(price) },
    quantity,
  }))
const code = fc
  .record({
    kind: fc.constantFrom('percent', 'fixed', 'free_delivery'),
    percent: fc.integer({ min: 1, max: 100 }),
    amount,
    code: fc.constantFrom('A', 'a', 'B', 'C'),
  })
  .map(({ kind, percent, amount: off, code: name }) => {
    const bounds = { minimums: null, startsAtMs: null, endsAtMs: null, usesMax: null, usesPerCustomerMax: null }
    const takes = { percent: kind === 'percent' ? percent : null, amounts: kind === 'fixed' ? pricesIn(off) : null }
    return { code: name, discount: { code: name, kind, ...takes, ...bounds, uses: 0, active: true } } as const
  })
const delivery = fc
  .record({ cost: amount, freeFrom: fc.option(amount), taxClass: fc.option(taxClass) })
  .map(({ cost, freeFrom, taxClass: ofIt }) => ({
    found: {
      ...{ method: 'post', name: 'Post', prices: pricesIn(cost), countries: [], active: true },
      ...{ freeFrom: freeFrom === null ? null : pricesIn(freeFrom), taxClass: ofIt },
    },
  }))
const taxRate: fc.Arbitrary<TaxRate> = fc.record({
  country: fc.constant('US'),
  region: fc.constantFrom('', 'Texas'),
  taxClass,
  name: fc.constant('Tax'),
  ratePpm: fc.nat({ max: 1_000_000 }),
  isInclusive: fc.boolean(),
})
const input: fc.Arbitrary<PriceInput> = fc.record({
  currency,
  lines: fc.array(line, { maxLength: 6 }),
  codes: fc.array(code, { maxLength: 4 }),
  delivery: fc.option(delivery, { nil: undefined }),
  country: fc.constant('US'),
  region: fc.constantFrom('', 'Texas'),
  taxes: fc.array(taxRate, { maxLength: 5 }).map(taxTableOf),
  nowMs: fc.constant(nowMs),
})

const sum = (amounts: readonly number[]) => amounts.reduce((total, one) => total + BigInt(one), 0n)

function checkParts({ lines, ...pricing }: Pricing): void {
  const { subtotal, discounts, discountTotal, deliveryCost, deliveryDiscount, taxes, taxTotal, total } = pricing
  expect(sum(lines.map(one => one.total))).toBe(BigInt(subtotal))
  expect(sum(discounts.map(one => one.amount))).toBe(BigInt(discountTotal))
  const saved = discounts.filter(({ kind }) => kind === 'free_delivery').map(one => one.amount)
  expect(sum(lines.map(one => one.discount)) + sum(saved)).toBe(BigInt(discountTotal))
  expect(BigInt(deliveryDiscount)).toBe(sum(saved))
  const added = taxes.filter(({ rate }) => !rate.isInclusive)
  expect(sum(added.map(one => one.amount))).toBe(BigInt(taxTotal))
  const parts = BigInt(subtotal) - BigInt(discountTotal) + BigInt(deliveryCost) + BigInt(taxTotal)
  expect(parts).toBe(BigInt(total))
  for (const { item, quantity, price = 0, total: ofLine, discount, tax, taxIncluded } of lines) {
    // Rounded once: within half a minor unit of the exact total.
    const exact = BigInt(price) * BigInt(quantity) * BigInt(100 - item.sale)
    const off = 2n * (BigInt(ofLine) * 100n - exact)
    expect(off > -100n && off <= 100n).toBe(true)
    expect(discount).toBeLessThanOrEqual(ofLine)
    expect(tax === 0 || taxIncluded === 0).toBe(true)
    expect(taxIncluded).toBeLessThanOrEqual(ofLine - discount)
  }
  const all = [
    subtotal,
    discountTotal,
    deliveryCost,
    taxTotal,
    total,
    ...lines.flatMap(one => [one.total, one.discount, one.tax]),
  ]
  expect(all.filter(one => !Number.isSafeInteger(one) || one < 0)).toEqual([])
}

const recipient = {
  name: 'Ada',
  phone: '+44 20',
  zip: '1',
  city: 'London',
  address: '12 Row',
  region: '',
  email: 'a@b',
}

test('the parts of every cart add up, and its order keeps the contract', () => {
  let [priced, refused, compact] = [0, 0, 0]
  fc.assert(
    fc.property(input, value => {
      const result = priceCart(value)
      if (result.kind === 'refused') {
        refused += 1
        const units = value.lines.reduce((all, { quantity }) => all + quantity, 0)
        const prices = value.lines.map(({ item, quantity }) => BigInt(item.prices.USD ?? 0) * BigInt(quantity))
        const most = prices.reduce((all, one) => all + one, BigInt(value.delivery?.found?.prices.USD ?? 0))
        return expect(units > itemsMax || most * 2n > BigInt(largest)).toBe(true)
      }
      priced += 1
      const { pricing } = result
      checkParts(pricing)
      if (pricing.lines.length === 0) return
      const facts = {
        orderUid: 'cart-1',
        createdAt: '2026-11-29T00:00:00Z',
        customerId: '',
        provider: 'sandbox',
        deliveryService: 'post',
        locale: 'en',
      }
      const text = JSON.stringify(toOrderDocument(pricing, { ...facts, delivery: { country: 'US', ...recipient } }))
      const read = readOrder(Buffer.from(text))
      expect(read).toMatchObject({ kind: 'order', order: { amount: pricing.total, currency: pricing.currency } })
      if (readCompactOrder(text) !== undefined) compact += 1
    }),
    { numRuns: 1_500 },
  )
  expect([priced > 500, refused > 50, compact > 300]).toEqual([true, true, true])
})

test('shares add up, differ from the exact share by less than 1, and are no more than what they are shares of', () => {
  const weights = fc.array(fc.bigInt(0n, BigInt(largest)), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(weights, fc.nat({ max: 100 }), fc.nat(), (all, percent, off) => {
      const whole = all.reduce((total, one) => total + one, 0n)
      const wanted = (whole * BigInt(percent)) / 100n + BigInt(off)
      const shared = wanted < whole ? wanted : whole
      const shares = shareOut(shared, all)
      expect(shares.reduce((total, one) => total + one, 0n)).toBe(shared)
      const exactTimesWhole = all.map(one => one * shared)
      for (const [index, share] of shares.entries()) {
        const difference = share * whole - (exactTimesWhole[index] ?? 0n)
        expect(whole === 0n || (difference < whole && difference > -whole)).toBe(true)
        expect(share <= (all[index] ?? 0n)).toBe(true)
      }
    }),
    { numRuns: 1_000 },
  )
  expect(shareOut(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n])
  expect(shareOut(5n, [6n, 3n, 1n])).toEqual([3n, 2n, 0n])
  expect(shareOut(0n, [0n])).toEqual([0n])
  expect(() => shareOut(1n, [0n])).toThrow('all 0')
})
