import type { DeliveryMethod } from './delivery-method.ts'
import type { Amounts, Discount } from './discount.ts'
import type { TaxTable } from './tax-rate.ts'

/** What a cart is priced from. */

/** What can be bought. */
export type Sellable = Readonly<{
  chrtId: number
  nmId: number
  name: string
  brand: string
  size: string
  prices: Amounts
  /** In percent, 0 to 100. */
  sale: number
  taxClass: string
}>

export type CartLine = Readonly<{
  item: Sellable
  /** 1 to 1000. */
  quantity: number
  /** The price of a unit, before `sale`, when the line was put in. */
  priceWhenAdded?: number | undefined
}>

export type EnteredCode = Readonly<{
  code: string
  /** Undefined: there is none of this code. */
  discount: Discount | undefined
  /** Undefined: nobody knows yet who buys. */
  usesByCustomer?: number | undefined
}>

export type PriceInput = Readonly<{
  currency: string
  lines: readonly CartLine[]
  codes: readonly EnteredCode[]
  /** The method that was chosen; `found` is undefined where there is none of that name. Undefined: none was chosen yet. */
  delivery?: Readonly<{ found: DeliveryMethod | undefined }> | undefined
  country?: string | undefined
  region?: string | undefined
  taxes: TaxTable
  nowMs: number
}>

export const warningCodes = ['price_changed', 'price_missing', 'code_not_applicable', 'method_unavailable'] as const
/** Whether a cart with such a warning cannot be checked out: something of it has no price. */
export function hindersCheckout({ code }: PriceWarning): boolean {
  return code === 'price_missing' || code === 'method_unavailable'
}

export type PriceWarning = Readonly<{ code: (typeof warningCodes)[number]; pointer: string; detail: string }>
