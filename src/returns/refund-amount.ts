import { shareOut, sum } from '../platform/shares.ts'
import { isBack, type Return } from './return.ts'

/** What was paid for the units of an order, and what of it a return is worth. Amounts are in the currency's minor unit. */

/** What an order's document says of its money; what it does not say is 0. */
export type PaidOrder = Readonly<{
  items: readonly Readonly<{ total_price: number }>[]
  payment: Readonly<{
    amount: number
    goods_total: number
    delivery_cost: number
    discount_total?: number
    tax_total?: number
    /** How much of the discount is of the delivery, as an order that was a cart says. Another sender may mean anything by it. */
    delivery_discount?: unknown
  }>
}>

export type Paid = Readonly<{
  /** For each unit, by its place in the document. */
  units: readonly number[]
  /** For delivery: everything that was not paid for units. */
  delivery: number
}>

/**
 * Shares out what an order cost over its units and its delivery: `Σ units + delivery = amount`, to the cent. It is the same each time, so
 * any partition of the units adds up to the same.
 *
 * A discount is of the goods first, and of the delivery where it is more than they are, unless the order says how much of it is of the delivery. It is shared out by prices; taxes are shared
 * out by what discounts have left of the units and of the delivery. A custom fee is paid for delivery.
 *
 * @param order a stored document: its arithmetic holds
 */
export function paidOf({ items, payment }: PaidOrder): Paid {
  const prices = items.map(item => BigInt(item.total_price))
  const goods = sum(prices)
  const discount = BigInt(payment.discount_total ?? 0)
  const forGoods = discount - BigInt(deliveryDiscountOf(payment))
  const ofGoods = forGoods < goods ? forGoods : goods
  const discounts = shareOut(ofGoods, prices)
  const left = prices.map((price, index) => price - (discounts[index] ?? 0n))
  const deliveryLeft = BigInt(payment.delivery_cost) - (discount - ofGoods)
  const weights = [...left, deliveryLeft > 0n ? deliveryLeft : 0n]
  // Where nothing is left to be taxed the taxes are of the delivery.
  const taxes = sum(weights) === 0n ? weights : shareOut(BigInt(payment.tax_total ?? 0), weights)
  const units = left.map((amount, index) => amount + (taxes[index] ?? 0n))
  return { units: units.map(Number), delivery: Number(BigInt(payment.amount) - sum(units)) }
}

/** What of the discount is of the delivery; 0 where the order does not say so, or what cannot be. */
function deliveryDiscountOf({
  delivery_discount: said,
  delivery_cost: cost,
  discount_total: discount = 0,
}: PaidOrder['payment']) {
  return typeof said === 'number' && Number.isSafeInteger(said) && said > 0 && said <= Math.min(cost, discount)
    ? said
    : 0
}

/** What a return is worth. */
export type Worth = Readonly<{
  /** What was paid for each unit that came back. */
  units: readonly number[]
  /** What was paid for delivery, where it is refunded too; otherwise 0. */
  delivery: number
  /** What is kept for the return. */
  fee: number
}>

/** What is refunded for a return: `Σ units + delivery − fee`, and never less than 0. */
export function refundOf({ units, delivery, fee }: Worth): number {
  const worth = units.reduce((total, amount) => total + amount, delivery)
  return Math.max(0, worth - fee)
}

/** What is refunded where nobody names an amount: what was paid for the units that are back, or may still come, less what was refunded. */
export function defaultRefundOf(
  { units, refund }: Return,
  { delivery, fee }: Pick<Return['refund'], 'delivery' | 'fee'>,
): number {
  const counted = units.filter(unit => unit.condition === undefined || isBack(unit))
  return Math.max(0, refundOf({ units: counted.map(({ amount }) => amount), delivery, fee }) - refund.refunded)
}
