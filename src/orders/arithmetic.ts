import type { Violation } from '../errors.ts'

type AmountPart = { field: string; sign: 1 | -1; isOptional?: true }

/** The fields of the payment that make up its amount; those with the sign -1 are taken from it. An optional one may be absent: 0. */
export const amountParts: readonly AmountPart[] = [
  { field: 'goods_total', sign: 1 },
  { field: 'discount_total', sign: -1, isOptional: true },
  { field: 'delivery_cost', sign: 1 },
  { field: 'custom_fee', sign: 1 },
  { field: 'tax_total', sign: 1, isOptional: true },
]

const partsThatAdd = amountParts.filter(({ sign }) => sign === 1)
const partsOfEveryOrder = amountParts.filter(({ isOptional }) => isOptional !== true)

/** Parts as they stand in a sum: `goods_total − discount_total + custom_fee`. */
function describe(parts: readonly AmountPart[]): string {
  const [first, ...others] = parts
  return `${first?.field}${others.map(({ field, sign }) => (sign === 1 ? ` + ${field}` : ` − ${field}`)).join('')}`
}

/**
 * The sums of an order: `goods_total = Σ items.total_price`, the amount (`checkAmount`), and for each line
 * `|total_price − price·(100−sale)/100| ≤ 1`. Each is checked where all its numbers are there, so that a document with other
 * faults still gets every violation listed.
 *
 * @param value a document, checked against the schema or not
 */
export function checkArithmetic(value: object): Violation[] {
  return [...checkLines(value), ...checkAmount(value)]
}

/** The sums of the lines. @param value a document, checked against the schema or not */
export function checkLines(value: object): Violation[] {
  const violations: Violation[] = []
  const { items } = value as { items?: unknown }
  if (!Array.isArray(items)) return violations
  let linesTotal: number | undefined = 0
  for (let line = 0; line < items.length; line++) {
    const item: unknown = items[line]
    if (!isRecord(item)) {
      linesTotal = undefined
      continue
    }
    linesTotal = isAmount(item.total_price) && linesTotal !== undefined ? linesTotal + item.total_price : undefined
    const expected = discountedPrice(item.price, item.sale, item.total_price)
    if (expected !== undefined) {
      violations.push({
        pointer: `/items/${line}/total_price`,
        detail: `must be within 1 of price × (100 − sale) / 100, which is ${expected}`,
      })
    }
  }
  const { goods_total: goodsTotal } = paymentOf(value)
  // Amounts are not negative, so a sum that leaves the exact range cannot come back to equal an exact number.
  if (isAmount(goodsTotal) && linesTotal !== undefined && linesTotal !== goodsTotal) {
    violations.push({
      pointer: '/payment/goods_total',
      detail: `must be the sum of the items' total_price, ${linesTotal}`,
    })
  }
  return violations
}

/**
 * The amount: `goods_total − discount_total + delivery_cost + custom_fee + tax_total`, exact also where a sum leaves the range of
 * exact doubles, and nothing is taken off that is not there.
 *
 * @param value a document, checked against the schema or not
 */
export function checkAmount(value: object): Violation[] {
  const payment = paymentOf(value)
  const sum = sumOf(payment, amountParts)
  if (sum === undefined || !isAmount(payment.amount) || sum === BigInt(payment.amount)) return []
  if (sum >= 0n) return [{ pointer: '/payment/amount', detail: `must be ${describe(amountParts)}, ${sum}` }]
  const rest = `${describe(partsThatAdd)}, ${sumOf(payment, partsThatAdd)}`
  return [{ pointer: '/payment/discount_total', detail: `must be at most ${rest}` }]
}

/** Whether the amount is the sum of the parts that every order has: the rule before there were others. */
export function addsUpWithoutOptional(value: object): boolean {
  const payment = paymentOf(value)
  return isAmount(payment.amount) && sumOf(payment, partsOfEveryOrder) === BigInt(payment.amount)
}

/** @returns undefined: one of the parts is no amount */
function sumOf(payment: Record<string, unknown>, parts: readonly AmountPart[]): bigint | undefined {
  let sum = 0n
  for (const { field, sign, isOptional } of parts) {
    const part = isOptional === true && payment[field] === undefined ? 0 : payment[field]
    if (!isAmount(part)) return undefined
    sum += BigInt(sign * part)
  }
  return sum
}

function paymentOf(value: object): Record<string, unknown> {
  const { payment } = value as { payment?: unknown }
  return isRecord(payment) ? payment : {}
}

/** Below this a hundredfold is still exact in a double. */
const hundredfoldIsExactBelow = Math.floor(Number.MAX_SAFE_INTEGER / 100)

/** The price after the discount as text when the line's total is further than 1 from it, undefined when all is well. */
export function discountedPrice(price: unknown, sale: unknown, total: unknown): string | undefined {
  if (!isAmount(price) || !isAmount(total) || !isAmount(sale) || sale > 100) return undefined
  if (price < hundredfoldIsExactBelow && total < hundredfoldIsExactBelow) {
    const hundredfold = price * (100 - sale)
    return Math.abs(total * 100 - hundredfold) <= 100 ? undefined : String(hundredfold / 100)
  }
  const hundredfold = BigInt(price) * BigInt(100 - sale)
  const difference = BigInt(total) * 100n - hundredfold
  return difference <= 100n && difference >= -100n ? undefined : String(hundredfold / 100n)
}

function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
