import type { Currency } from '../../platform/currencies.ts'

/**
 * Amounts as Stripe writes them (docs.stripe.com/currencies): in the minor unit of its own list, which differs from ISO 4217 for some
 * currencies.
 */

/** Digits behind the point that Stripe counts where ISO 4217 says otherwise. MGA has fifths, of which Stripe takes whole ones only. */
const stripeDigits: ReadonlyMap<string, number> = new Map([
  ['ISK', 2],
  ['MGA', 0],
  ['UGX', 2],
])

/** @returns Stripe's amount; undefined when Stripe cannot represent it */
export function toStripeAmount(amount: number, code: string, { digits }: Currency): number | undefined {
  const scaled = scale(amount, (stripeDigits.get(code) ?? digits) - digits)
  if (scaled === undefined || digits > 3) return undefined
  // Three decimals, of which the last is 0: card networks settle two.
  return digits === 3 && scaled % 10 !== 0 ? undefined : scaled
}

/** @returns the amount in the minor unit of ISO 4217; undefined when Stripe's has more digits */
export function fromStripeAmount(amount: number, code: string, { digits }: Currency): number | undefined {
  return scale(amount, digits - (stripeDigits.get(code) ?? digits))
}

/** Shifts an amount by decimal places; undefined when it is not whole then, or larger than a number can hold exactly. */
function scale(amount: number, places: number): number | undefined {
  const shifted = places < 0 ? amount / 10 ** -places : amount * 10 ** places
  return Number.isSafeInteger(shifted) ? shifted : undefined
}
