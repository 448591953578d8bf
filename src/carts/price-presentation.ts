import type { StoredDiscount } from './discount-queries.ts'
import type { DeliveryMethodView, DiscountView, TaxRateView } from './price-documents.ts'
import type { StoredMethod, StoredRate } from './price-list-queries.ts'

/** Discount codes, delivery methods and tax rates as they are answered. */

export function presentDiscount(discount: StoredDiscount): DiscountView {
  const { code, kind, percent, amounts, minimums, uses, active } = discount
  return {
    ...{ code, kind, percent, amounts, minimums },
    starts_at: timeOrNull(discount.startsAtMs),
    ends_at: timeOrNull(discount.endsAtMs),
    limit: discount.usesMax,
    limit_per_customer: discount.usesPerCustomerMax,
    active,
    uses,
    created_at: timeOf(discount.createdAtMs),
    updated_at: timeOf(discount.updatedAtMs),
  }
}

export function presentMethod({ freeFrom, taxClass, updatedAtMs, ...method }: StoredMethod): DeliveryMethodView {
  const { name, prices, countries, active } = method
  const shown = { method: method.method, name, prices, free_from: freeFrom, countries, tax_class: taxClass, active }
  return { ...shown, updated_at: timeOf(updatedAtMs) }
}

export function presentRate({ rateId, country, region, name, ...rate }: StoredRate): TaxRateView {
  return {
    ...{ id: rateId, country, region, tax_class: rate.taxClass, name },
    rate_ppm: rate.ratePpm,
    inclusive: rate.isInclusive,
    updated_at: timeOf(rate.updatedAtMs),
  }
}

const timeOf = (ms: number) => new Date(ms).toISOString()
const timeOrNull = (ms: number | null) => (ms === null ? null : timeOf(ms))
