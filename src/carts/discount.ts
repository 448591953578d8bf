/** Discount codes: what a code takes off, and when it applies. Pure. */

export const discountKinds = ['percent', 'fixed', 'free_delivery'] as const
export type DiscountKind = (typeof discountKinds)[number]

/** Amounts in the minor unit of each currency. */
export type Amounts = Readonly<Record<string, number>>

export type Discount = Readonly<{
  /** As it was written when it was made; codes are compared without regard to case. */
  code: string
  kind: DiscountKind
  /** What a percent discount takes off, 1 to 100; null for the others. */
  percent: number | null
  /** What a fixed discount takes off; null for the others. It applies in these currencies only. */
  amounts: Amounts | null
  /** The least subtotal; null: any. Where it is given, the code applies in these currencies only. */
  minimums: Amounts | null
  /** From when and until before when it applies, in milliseconds since 1970; null: without end. */
  startsAtMs: number | null
  endsAtMs: number | null
  /** How many orders may use it, and how many of one customer; null: any number. */
  usesMax: number | null
  usesPerCustomerMax: number | null
  /** How many orders have used it. */
  uses: number
  active: boolean
}>

/** What a code is compared by: codes that differ in case only are the same. */
export function codeKey(code: string): string {
  return code.toLowerCase()
}

/** What decides whether a code applies. @param usesByCustomer undefined: nobody knows yet who buys */
export type DiscountSituation = Readonly<{
  currency: string
  /** The sum of the lines before discounts. */
  subtotal: bigint
  nowMs: number
  usesByCustomer: number | undefined
}>

/** Why a code does not apply, as the end of a sentence that begins with the code; undefined: it does. */
export function whyNotApplicable(discount: Discount, situation: DiscountSituation): string | undefined {
  const { currency, subtotal, nowMs, usesByCustomer = 0 } = situation
  const { kind, amounts, minimums, startsAtMs, endsAtMs, usesMax, usesPerCustomerMax } = discount
  if (!discount.active) return 'is no longer active'
  if (startsAtMs !== null && nowMs < startsAtMs) return `applies from ${new Date(startsAtMs).toISOString()}`
  if (endsAtMs !== null && nowMs >= endsAtMs) return `has ended at ${new Date(endsAtMs).toISOString()}`
  if (usesMax !== null && discount.uses >= usesMax) return 'is used up'
  if (usesPerCustomerMax !== null && usesByCustomer >= usesPerCustomerMax) return 'is used up by this customer'
  if (kind === 'fixed' && amountIn(amounts, currency) === undefined) return `does not apply in ${currency}`
  if (minimums === null) return undefined
  const minimum = amountIn(minimums, currency)
  if (minimum === undefined) return `does not apply in ${currency}`
  return subtotal < BigInt(minimum) ? `needs a subtotal of ${minimum} in the minor unit of ${currency}` : undefined
}

/** The amount in a currency; undefined where there is none. */
export function amountIn(amounts: Amounts | null, currency: string): number | undefined {
  return amounts !== null && Object.hasOwn(amounts, currency) ? amounts[currency] : undefined
}
