import type { DiscountView } from '../../src/carts/price-documents.ts'
import { money } from '../platform/money.ts'
import { texts } from './texts.ts'

/** Discount codes as the API gives them; a list needs an id. Codes are compared without regard to case. */
export type Discount = DiscountView
export type DiscountRow = DiscountView & { id: string }
export type DiscountKind = DiscountView['kind']
export const kinds: readonly DiscountKind[] = ['percent', 'fixed', 'free_delivery']

export function toRow(discount: Discount): DiscountRow {
  return { ...discount, id: discount.code.toLowerCase() }
}

/** @param text a page of the list, or a single code */
export function readDiscounts(text: string): DiscountRow[] {
  const answer = JSON.parse(text) as Discount | Discount[]
  return (Array.isArray(answer) ? answer : [answer]).map(toRow)
}

/** The tone of each status. */
export const tones = {
  active: 'good',
  scheduled: 'active',
  used_up: 'attention',
  ended: 'plain',
  inactive: 'plain',
} as const
export type DiscountStatus = keyof typeof tones

/** Whether a code can be used now, and why not. */
export function statusOf(discount: Discount, nowMs: number): DiscountStatus {
  const { active, starts_at: starts, ends_at: ends, limit, uses } = discount
  if (!active) return 'inactive'
  if (ends !== null && nowMs >= Date.parse(ends)) return 'ended'
  if (starts !== null && nowMs < Date.parse(starts)) return 'scheduled'
  return limit !== null && uses >= limit ? 'used_up' : 'active'
}

/** What a code takes off, in words. */
export function offerOf({ kind, percent, amounts }: Discount): string {
  if (kind === 'percent') return texts.discounts.percentOff(percent ?? 0)
  return kind === 'fixed' ? texts.discounts.amountOff(amountsText(amounts)) : texts.discounts.freeDelivery
}

const amountsShown = 3

/** Amounts of several currencies, the first few of many. */
export function amountsText(amounts: Readonly<Record<string, number>> | null): string {
  const all = Object.entries(amounts ?? {}).map(([currency, minor]) => money(minor, currency))
  const more = all.length - amountsShown
  return more > 0 ? texts.andMore(all.slice(0, amountsShown).join(' · '), more) : all.join(' · ')
}
