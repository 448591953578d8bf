import type { Violation } from '../errors.ts'
import { itemsMax } from '../orders/document.ts'
import { type AppliedDiscount, applied, applyToGoods, sortCodes } from './apply-codes.ts'
import { type AppliedTax, noTax, taxAll } from './apply-taxes.ts'
import { costOf, whyUnavailable } from './delivery-method.ts'
import { amountIn } from './discount.ts'
import type { CartLine, PriceInput, PriceWarning, Sellable } from './price-input.ts'
import { halfUp, sum } from '../platform/shares.ts'

/**
 * Prices a cart: the only place that does. Pure, in integers of the currency's minor unit, exact at any size.
 *
 * 1. A line is `price × quantity × (100 − sale) / 100`, rounded half up once.
 * 2. Codes apply by kind, and within a kind in the order in which they were given: percentages first, each of what those before have
 *    left, then fixed amounts, which take no more than is left, then free delivery. Each is rounded half up once, and shared out over the
 *    lines by what is left of them.
 * 3. Delivery costs what its method says; `free_from` is compared with the goods after discounts. A free_delivery code is a discount of
 *    that much.
 * 4. The tax of a line and of the delivery is rounded half up once for each, on what is left after discounts.
 *
 * `total = subtotal − discount_total + delivery_cost + tax_total`; taxes that the prices include are in the prices.
 */

/** A line with its price; all amounts but `price` are those of the whole line. */
export type PricedLine = Readonly<{
  item: Sellable
  quantity: number
  /** Of a unit, before `sale`; undefined: it has none in the cart's currency, and counts nothing. */
  price: number | undefined
  /** After `sale`: its part of the subtotal. */
  total: number
  /** Its share of the discounts. */
  discount: number
  /** The tax that is added to it, and the tax that its price includes. */
  tax: number
  taxIncluded: number
}>

export type Pricing = Readonly<{
  currency: string
  lines: readonly PricedLine[]
  subtotal: number
  discounts: readonly AppliedDiscount[]
  discountTotal: number
  deliveryCost: number
  /** How much of the discounts is of the delivery. */
  deliveryDiscount: number
  taxes: readonly AppliedTax[]
  /** The taxes that are added; those that prices include are in `taxes` only. */
  taxTotal: number
  total: number
  warnings: readonly PriceWarning[]
}>

/** `refused`: an amount would be past 2^53 − 1, or an order cannot have that many units. */
export type Priced = { kind: 'priced'; pricing: Pricing } | { kind: 'refused'; violations: readonly Violation[] }

export function priceCart(input: PriceInput): Priced {
  const { currency, lines } = input
  const totals = lines.map(line => lineTotal(line, currency))
  const subtotal = sum(totals)
  const tooMuch = checkSizes(lines, totals, subtotal)
  if (tooMuch.length > 0) return { kind: 'refused', violations: tooMuch }
  const codes = sortCodes(input, subtotal)
  const left = [...totals]
  const discounts = codes.ofGoods.map(discount => applyToGoods(discount, left, currency))
  const delivery = priceDelivery(input, sum(left))
  const saved = codes.ofDelivery.map((discount, index) => applied(discount, index === 0 ? delivery.cost : 0n))
  const deliveryLeft = saved.length > 0 ? 0n : delivery.cost
  const taxed = taxAll(input, left, delivery.taxClass, deliveryLeft)
  const discountTotal = subtotal - sum(left) + delivery.cost - deliveryLeft
  const total = subtotal - discountTotal + delivery.cost + taxed.total
  const highest = [total, discountTotal, taxed.total].find(amount => amount > largest)
  if (highest !== undefined) return { kind: 'refused', violations: [{ pointer: '', detail: atMostLargest(highest) }] }
  const priced = lines.map((line, index): PricedLine => {
    const [before = 0n, after = 0n] = [totals[index], left[index]]
    const { item, quantity } = line
    const { added, included } = taxed.lines[index] ?? noTax
    const taxes = { tax: Number(added), taxIncluded: Number(included) }
    const price = amountIn(item.prices, currency)
    return { item, quantity, price, total: Number(before), discount: Number(before - after), ...taxes }
  })
  const pricing = {
    ...{ currency, lines: priced, subtotal: Number(subtotal), discounts: [...discounts, ...saved] },
    ...{ discountTotal: Number(discountTotal), deliveryCost: Number(delivery.cost) },
    deliveryDiscount: Number(delivery.cost - deliveryLeft),
    ...{ taxes: taxed.taxes, taxTotal: Number(taxed.total), total: Number(total) },
    warnings: [...warningsOfLines(lines, currency), ...codes.warnings, ...delivery.warnings],
  }
  return { kind: 'priced', pricing }
}

const largest = BigInt(Number.MAX_SAFE_INTEGER)

function atMostLargest(amount: bigint): string {
  return `must come to at most ${largest}, and is ${amount}`
}

function lineTotal({ item, quantity }: CartLine, currency: string): bigint {
  const price = BigInt(amountIn(item.prices, currency) ?? 0)
  return halfUp(price * BigInt(quantity), BigInt(100 - item.sale), 100n)
}

function checkSizes(lines: readonly CartLine[], totals: readonly bigint[], subtotal: bigint): Violation[] {
  const units = lines.reduce((count, { quantity }) => count + quantity, 0)
  const violations = totals.flatMap((total, index) =>
    total > largest ? [{ pointer: `/lines/${index}`, detail: atMostLargest(total) }] : [],
  )
  if (violations.length === 0 && subtotal > largest)
    violations.push({ pointer: '/lines', detail: atMostLargest(subtotal) })
  if (units > itemsMax) {
    violations.push({ pointer: '/lines', detail: `must have at most ${itemsMax} units together, and has ${units}` })
  }
  return violations
}

function warningsOfLines(lines: readonly CartLine[], currency: string): PriceWarning[] {
  return lines.flatMap(({ item, priceWhenAdded }, index): PriceWarning[] => {
    const [price, pointer] = [amountIn(item.prices, currency), `/lines/${index}`]
    if (price === undefined) return [{ code: 'price_missing', pointer, detail: `the item has no price in ${currency}` }]
    if (priceWhenAdded === undefined || priceWhenAdded === price) return []
    return [{ code: 'price_changed', pointer, detail: `the price was ${priceWhenAdded}, and is ${price} now` }]
  })
}

type PricedDelivery = { cost: bigint; taxClass: string | null; warnings: PriceWarning[] }

function priceDelivery({ delivery, currency, country }: PriceInput, goods: bigint): PricedDelivery {
  if (delivery === undefined) return { cost: 0n, taxClass: null, warnings: [] }
  const { found } = delivery
  const detail = whyUnavailable(found, currency, country)
  if (found === undefined || detail !== undefined) {
    const warning = { code: 'method_unavailable', pointer: '/delivery_method', detail: detail ?? '' } as const
    return { cost: 0n, taxClass: null, warnings: [warning] }
  }
  return { cost: costOf(found, currency, goods), taxClass: found.taxClass, warnings: [] }
}
