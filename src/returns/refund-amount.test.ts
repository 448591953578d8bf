import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type PaidOrder, paidOf, refundOf } from './refund-amount.ts'

/** What was paid for units: no cent is lost or made, however an order comes back. */

const largest = Number.MAX_SAFE_INTEGER
const amount = fc.oneof(
  { arbitrary: fc.nat({ max: 100_000 }), weight: 6 },
  { arbitrary: fc.nat({ max: 3 }), weight: 3 },
  { arbitrary: fc.integer({ min: Math.floor(largest / 20), max: Math.floor(largest / 10) }), weight: 1 },
)

/** Orders whose arithmetic holds, with a discount of at most everything. */
const order = fc
  .record({
    prices: fc.array(amount, { minLength: 1, maxLength: 6 }),
    delivery: amount,
    customs: fc.nat({ max: 500 }),
    tax: amount,
    discount: fc.double({ min: 0, max: 1, noNaN: true }),
    said: fc.option(amount, { nil: undefined }),
  })
  .map(({ prices, delivery, customs, tax, discount, said }): PaidOrder => {
    const goods = prices.reduce((total, price) => total + price, 0)
    const whole = goods + delivery + customs + tax
    const off = Math.min(whole, Math.floor(whole * discount))
    const payment = {
      goods_total: goods,
      delivery_cost: delivery,
      custom_fee: customs,
      discount_total: off,
      tax_total: tax,
      delivery_discount: said,
    }
    return { items: prices.map(total_price => ({ total_price })), payment: { ...payment, amount: whole - off } }
  })

const total = (amounts: readonly number[]) => amounts.reduce((so, amount) => so + amount, 0)

test('the parts add up to what the order cost, none is below 0, and none of goods is above its price and taxes', () => {
  fc.assert(
    fc.property(order, of => {
      const { units, delivery } = paidOf(of)
      expect(total(units) + delivery).toBe(of.payment.amount)
      for (const part of [...units, delivery]) expect(part).toBeGreaterThanOrEqual(0)
      const taxes = of.payment.tax_total ?? 0
      for (const [index, part] of units.entries())
        expect(part).toBeLessThanOrEqual((of.items[index]?.total_price ?? 0) + taxes)
    }),
  )
})

test('any partition of the units, returned one after another, is refunded what all of them are at once', () => {
  fc.assert(
    fc.property(order, fc.array(fc.nat({ max: 2 }), { minLength: 6, maxLength: 6 }), (of, places) => {
      const { units, delivery } = paidOf(of)
      const whole = refundOf({ units, delivery, fee: 0 })
      const returns = [0, 1, 2].map(place => units.filter((_, index) => places[index] === place))
      const refunds = returns.map((units, index) => refundOf({ units, delivery: index === 0 ? delivery : 0, fee: 0 }))
      expect(total(refunds)).toBe(whole)
      expect(whole).toBe(of.payment.amount)
    }),
  )
})

describe('by example', () => {
  const paid = (prices: readonly number[], payment: Partial<PaidOrder['payment']>) => {
    const goods_total = total(prices)
    const { delivery_cost = 0, discount_total = 0, tax_total = 0 } = payment
    const amount = goods_total - discount_total + delivery_cost + tax_total
    return paidOf({
      items: prices.map(total_price => ({ total_price })),
      payment: { goods_total, delivery_cost, amount, ...payment },
    })
  }

  test('what an order says of its delivery to be discounted is not taken off the goods; what cannot be is not believed', () => {
    const free = { delivery_cost: 500, discount_total: 600, tax_total: 80 }
    expect(paid([300, 700], free)).toEqual({ units: [131, 305], delivery: 544 })
    expect(paid([300, 700], { ...free, delivery_discount: 500 })).toEqual({ units: [294, 686], delivery: 0 })
    for (const said of [501, -1, 0.5, '500', 700]) {
      expect(paid([300, 700], { ...free, delivery_discount: said })).toEqual(paid([300, 700], free))
    }
  })

  test('a discount of the order is shared out by price, and the first of equal remainders gets the cent', () => {
    expect(paid([100, 100, 100], { discount_total: 100 })).toEqual({ units: [66, 67, 67], delivery: 0 })
    expect(paid([317], { delivery_cost: 1500 })).toEqual({ units: [317], delivery: 1500 })
  })

  test('taxes belong to what they were paid for', () => {
    expect(paid([1000, 500], { delivery_cost: 500, tax_total: 200 })).toEqual({ units: [1100, 550], delivery: 550 })
  })

  test('a discount beyond the goods is one of the delivery', () => {
    expect(paid([100], { delivery_cost: 50, discount_total: 120, tax_total: 3 })).toEqual({ units: [0], delivery: 33 })
  })

  test('a custom fee is refunded with the delivery', () => {
    expect(paid([100], { delivery_cost: 50, amount: 170 })).toEqual({ units: [100], delivery: 70 })
  })

  test('a fee is kept, and is never more than the refund', () => {
    expect(refundOf({ units: [60, 40], delivery: 15, fee: 20 })).toBe(95)
    expect(refundOf({ units: [60], delivery: 0, fee: 70 })).toBe(0)
  })
})
