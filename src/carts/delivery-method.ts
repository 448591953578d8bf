import { type Amounts, amountIn } from './discount.ts'

/** Ways of delivery that a buyer chooses from. Pure. */

export type DeliveryMethod = Readonly<{
  /** Its identity, and the `delivery_service` of the orders that are delivered by it. */
  method: string
  name: string
  /** What it costs; it can be chosen in these currencies only. */
  prices: Amounts
  /** From which value of the goods, after discounts, it costs nothing; null: never. */
  freeFrom: Amounts | null
  /** The countries that it delivers to (ISO 3166-1 alpha-2); without any, it delivers everywhere. */
  countries: readonly string[]
  /** The tax class of what it costs; null: it is not taxed. */
  taxClass: string | null
  active: boolean
}>

/** Why a method cannot be chosen, for a person; undefined: it can. @param country undefined: not known yet */
export function whyUnavailable(
  method: DeliveryMethod | undefined,
  currency: string,
  country: string | undefined,
): string | undefined {
  if (method === undefined) return 'there is no such delivery method'
  if (!method.active) return 'the delivery method is no longer active'
  if (amountIn(method.prices, currency) === undefined) return `the delivery method has no price in ${currency}`
  if (method.countries.length === 0 || (country !== undefined && method.countries.includes(country))) return undefined
  return country === undefined
    ? 'whether the delivery method delivers there is not known without delivery.country'
    : `the delivery method does not deliver to ${country}`
}

/** What a method costs. @param goods the value of the goods after discounts */
export function costOf({ prices, freeFrom }: DeliveryMethod, currency: string, goods: bigint): bigint {
  const free = amountIn(freeFrom, currency)
  return free !== undefined && goods >= BigInt(free) ? 0n : BigInt(amountIn(prices, currency) ?? 0)
}
