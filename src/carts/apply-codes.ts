import { amountIn, codeKey, type Discount, type DiscountKind, whyNotApplicable } from './discount.ts'
import type { PriceInput, PriceWarning } from './price-input.ts'
import { halfUp, shareOut, sum } from '../platform/shares.ts'

/** Which codes apply, in which order, and what they take off. Pure. */

export type AppliedDiscount = Readonly<{ code: string; kind: DiscountKind; amount: number }>

export type SortedCodes = { ofGoods: Discount[]; ofDelivery: Discount[]; warnings: PriceWarning[] }

/** The codes that apply in the order in which they do, each once, and a warning for each of the others. */
export function sortCodes({ codes, currency, nowMs }: PriceInput, subtotal: bigint): SortedCodes {
  if (codes.length === 0) return { ofGoods: [], ofDelivery: [], warnings: [] }
  const found = new Map<string, Discount>()
  const warnings: PriceWarning[] = []
  for (const [index, { code, discount, usesByCustomer }] of codes.entries()) {
    const reason =
      discount === undefined ? 'is unknown' : whyNotApplicable(discount, { currency, subtotal, nowMs, usesByCustomer })
    if (reason !== undefined || discount === undefined) {
      const pointer = `/discount_codes/${index}`
      warnings.push({ code: 'code_not_applicable', pointer, detail: `the code ${reason}` })
    } else if (!found.has(codeKey(code))) found.set(codeKey(code), discount)
  }
  const ofKind = (wanted: DiscountKind) => [...found.values()].filter(({ kind }) => kind === wanted)
  return { ofGoods: [...ofKind('percent'), ...ofKind('fixed')], ofDelivery: ofKind('free_delivery'), warnings }
}

/** Takes a discount off what is left of the lines. */
export function applyToGoods(discount: Discount, left: bigint[], currency: string): AppliedDiscount {
  const goods = sum(left)
  const fixed = BigInt(amountIn(discount.amounts, currency) ?? 0)
  const wanted = discount.kind === 'percent' ? halfUp(goods, BigInt(discount.percent ?? 0), 100n) : fixed
  const amount = wanted < goods ? wanted : goods
  for (const [index, share] of shareOut(amount, left).entries()) left[index] = (left[index] ?? 0n) - share
  return applied(discount, amount)
}

export function applied({ code, kind }: Discount, amount: bigint): AppliedDiscount {
  return { code, kind, amount: Number(amount) }
}
