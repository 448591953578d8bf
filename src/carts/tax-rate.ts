import { halfUp } from '../platform/shares.ts'

/** Taxes by country, region and tax class. Pure. */

export type TaxRate = Readonly<{
  /** ISO 3166-1 alpha-2. */
  country: string
  /** The text of `delivery.region` that it is for, without regard to case; '' for the whole country. */
  region: string
  taxClass: string
  /** What the buyer reads: `VAT`. */
  name: string
  /** In millionths: 19 % is 190,000, and 8.875 % is 88,750. */
  ratePpm: number
  /** Whether the prices include it; otherwise it is added to them. */
  isInclusive: boolean
}>

/** The rates by where and what they are for. */
export type TaxTable = ReadonlyMap<string, TaxRate>

/** The tax class of an item that names none, and of one whose class has no rate in a country. */
export const standardTaxClass = 'standard'

const million = 1_000_000n

/** How regions are compared. */
export function regionKey(region: string): string {
  return region.trim().toLowerCase()
}

const keyOf = (country: string, region: string, taxClass: string) => [country, regionKey(region), taxClass].join('\n')

export function taxTableOf(rates: Iterable<TaxRate>): TaxTable {
  return new Map([...rates].map(rate => [keyOf(rate.country, rate.region, rate.taxClass), rate]))
}

/**
 * The rate for a class at a place. One rate applies, the most specific: that of the class in the region, that of the class in the
 * country, and for a class without either, the same of the class `standard`. To tax a class at nothing, give it a rate of 0.
 *
 * @returns undefined: nothing is taxed there, or the country is not known yet
 */
export function rateFor(
  table: TaxTable,
  { country, region = '' }: { country?: string | undefined; region?: string | undefined },
  taxClass: string,
): TaxRate | undefined {
  if (country === undefined || table.size === 0) return undefined
  for (const ofClass of [taxClass, standardTaxClass]) {
    const rate = table.get(keyOf(country, region, ofClass)) ?? table.get(keyOf(country, '', ofClass))
    if (rate !== undefined) return rate
  }
  return undefined
}

/** The tax on an amount, rounded half up: within the amount if the rate is inclusive, and on top of it otherwise. */
export function taxOn(amount: bigint, { ratePpm, isInclusive }: TaxRate): bigint {
  const rate = BigInt(ratePpm)
  return halfUp(amount, rate, isInclusive ? million + rate : million)
}
