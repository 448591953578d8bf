import type { PriceInput } from './price-input.ts'
import { sum } from '../platform/shares.ts'
import { rateFor, type TaxRate, taxOn } from './tax-rate.ts'

/** The taxes of a cart. Pure. */

/** A tax as a whole: `amount` was computed on each of the lines, of which `taxable` is the sum. */
export type AppliedTax = Readonly<{ rate: TaxRate; taxable: number; amount: number }>

export type LineTax = { added: bigint; included: bigint }
export type Taxed = { lines: readonly LineTax[]; taxes: AppliedTax[]; total: bigint }

export const noTax: LineTax = { added: 0n, included: 0n }

/** Taxes each line, and the delivery, by itself, and sums up by rate. */
export function taxAll(
  input: PriceInput,
  left: readonly bigint[],
  deliveryClass: string | null,
  delivery: bigint,
): Taxed {
  const sums = new Map<TaxRate, { taxable: bigint; amount: bigint }>()
  const taxOf = (taxClass: string, taxable: bigint): LineTax => {
    const rate = rateFor(input.taxes, input, taxClass)
    if (rate === undefined || taxable === 0n) return noTax
    const amount = taxOn(taxable, rate)
    const before = sums.get(rate) ?? { taxable: 0n, amount: 0n }
    sums.set(rate, { taxable: before.taxable + taxable, amount: before.amount + amount })
    return rate.isInclusive ? { added: 0n, included: amount } : { added: amount, included: 0n }
  }
  const lines = input.lines.map(({ item }, index) => taxOf(item.taxClass, left[index] ?? 0n))
  const ofDelivery = deliveryClass === null ? noTax : taxOf(deliveryClass, delivery)
  const taxes = [...sums].map(([rate, { taxable, amount }]) => ({
    rate,
    taxable: Number(taxable),
    amount: Number(amount),
  }))
  return { lines, taxes, total: sum(lines.map(({ added }) => added)) + ofDelivery.added }
}
