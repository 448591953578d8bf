import type { Violation } from '../errors.ts'

/** The fields of the payment that make up its amount; those with the sign -1 are taken from it. */
export const amountParts: readonly { field: string; sign: 1 | -1 }[] = [
  { field: 'goods_total', sign: 1 },
  { field: 'delivery_cost', sign: 1 },
  { field: 'custom_fee', sign: 1 },
]

/** A part as it stands in the sum: `goods_total`, ` + custom_fee`. */
function describePart({ field, sign }: (typeof amountParts)[number], index: number): string {
  if (index === 0) return field
  return sign === 1 ? ` + ${field}` : ` − ${field}`
}

/**
 * The sums of an order: `goods_total = Σ items.total_price`, `amount = goods_total + delivery_cost + custom_fee`, and for
 * each line `|total_price − price·(100−sale)/100| ≤ 1`. Each is checked where all its numbers are there, so that a
 * document with other faults still gets every violation listed.
 *
 * @param value a document, checked against the schema or not
 */
export function checkArithmetic(value: object): Violation[] {
  const violations: Violation[] = []
  const { payment, items } = value as { payment?: unknown; items?: unknown }
  const money = isRecord(payment) ? payment : {}
  let linesTotal: number | undefined
  if (Array.isArray(items)) {
    linesTotal = 0
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
  }
  const { goods_total: goodsTotal, amount } = money
  // Amounts are not negative, so a sum that leaves the exact range cannot come back to equal an exact number.
  if (isAmount(goodsTotal) && linesTotal !== undefined && linesTotal !== goodsTotal) {
    violations.push({
      pointer: '/payment/goods_total',
      detail: `must be the sum of the items' total_price, ${linesTotal}`,
    })
  }
  const parts = amountParts.map(({ field }) => money[field])
  if (isAmount(amount) && parts.every(isAmount)) {
    const sum = parts.reduce((total, part, index) => total + (amountParts[index]?.sign ?? 0) * part, 0)
    if (sum !== amount) {
      violations.push({
        pointer: '/payment/amount',
        detail: `must be ${amountParts.map(describePart).join('')}, ${sum}`,
      })
    }
  }
  return violations
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
