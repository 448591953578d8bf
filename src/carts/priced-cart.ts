import { AppError } from '../errors.ts'
import { type Cart, type CartLine, unitsOf } from './cart.ts'
import { codeKey } from './discount.ts'
import { buyerOf, type Facts, orderedBefore } from './facts.ts'
import type { Sellable } from './price-input.ts'
import { priceCart, type Pricing } from './pricing.ts'
import { refuseItem, refuseQuantity } from './quantities.ts'
import type { CartView, CartWarning, ListedCart } from './views.ts'

/** A cart with its prices. */
export type PricedCart = Readonly<{ cart: Cart; pricing: Pricing; warnings: readonly CartWarning[] }>

/**
 * Prices a cart by what holds now. Pure.
 *
 * @param further warnings of the change that was made
 * @throws AppError CART_LINE_REFUSED when an amount is too large to be exact
 */
export function price(cart: Cart, facts: Facts, nowMs: number, further: readonly CartWarning[] = []): PricedCart {
  const { currency, lines, delivery, deliveryMethod } = cart
  const buyer = cart.discountCodes.length === 0 ? undefined : buyerOf(cart)
  const priced = priceCart({
    currency,
    lines: lines.map(line => ({
      item: facts.items.get(line.chrtId) ?? unknownItem(line),
      quantity: line.quantity,
      priceWhenAdded: line.priceWhenAdded,
    })),
    codes: cart.discountCodes.map(code => ({
      code,
      discount: facts.discounts.get(codeKey(code)),
      usesByCustomer: buyer === undefined ? undefined : facts.usesBy(code, buyer),
    })),
    delivery: deliveryMethod === undefined ? undefined : { found: facts.methods.get(deliveryMethod) },
    country: delivery?.country,
    region: delivery?.region,
    taxes: facts.taxes,
    nowMs,
  })
  if (priced.kind === 'refused') {
    const { violations } = priced
    throw new AppError('CART_LINE_REFUSED', violations[0]?.detail ?? 'the amounts are too large', { violations })
  }
  const { pricing } = priced
  return { cart, pricing, warnings: [...pricing.warnings, ...warningsOfStock(cart, facts, nowMs), ...further] }
}

/** An item that is not there any more. */
function unknownItem({ chrtId }: CartLine): Sellable {
  return { chrtId, nmId: 0, name: '', brand: '', size: '', prices: {}, sale: 0, taxClass: 'standard' }
}

function warningsOfStock(cart: Cart, facts: Facts, nowMs: number): CartWarning[] {
  if (cart.state !== 'open') return []
  return cart.lines.flatMap(({ chrtId, quantity }, index): CartWarning[] => {
    const pointer = `/lines/${index}`
    const item = facts.items.get(chrtId)
    const refusal = refuseItem(item, cart, nowMs)
    if (item === undefined || refusal !== undefined) {
      return [{ code: 'out_of_stock', pointer, detail: refusal ?? 'there is no such item' }]
    }
    const limit = refuseQuantity(item, quantity, orderedBefore(cart, item, facts))
    if (limit !== undefined) return [{ code: 'quantity_limited', pointer, detail: `the quantity ${limit}` }]
    const left = (facts.available.get(chrtId) ?? Infinity) + facts.heldBy(cart.cartId, chrtId)
    return left >= quantity ? [] : [{ code: 'out_of_stock', pointer, detail: `${left} left` }]
  })
}

/** A cart as it is answered. */
export function present({ cart, pricing, warnings }: PricedCart): CartView {
  return {
    ...presentFields(cart),
    delivery: cart.delivery ?? null,
    delivery_method: cart.deliveryMethod ?? null,
    discount_codes: cart.discountCodes,
    note: cart.note ?? null,
    metadata: cart.metadata ?? null,
    lines: pricing.lines.map((line, index) => presentLine(line, cart.lines[index])),
    subtotal: pricing.subtotal,
    discounts: pricing.discounts.map(({ code, kind, amount }) => ({ code, kind, amount })),
    discount_total: pricing.discountTotal,
    delivery_cost: pricing.deliveryCost,
    taxes: pricing.taxes.map(({ rate, taxable, amount }) => ({
      name: rate.name,
      tax_class: rate.taxClass,
      rate_ppm: rate.ratePpm,
      included: rate.isInclusive,
      taxable,
      amount,
    })),
    tax_total: pricing.taxTotal,
    total: pricing.total,
    warnings,
  }
}

function presentLine(line: Pricing['lines'][number], stored: CartLine | undefined): CartView['lines'][number] {
  const { item } = line
  return {
    chrt_id: item.chrtId,
    nm_id: item.nmId,
    name: item.name,
    brand: item.brand,
    size: item.size,
    quantity: line.quantity,
    price: line.price ?? null,
    price_when_added: stored?.priceWhenAdded ?? 0,
    sale: item.sale,
    subtotal: line.total,
    discount: line.discount,
    tax: line.tax,
    tax_included: line.taxIncluded,
  }
}

/** A cart of a list. */
export function presentListed(cart: Cart): ListedCart {
  return { ...presentFields(cart), lines: cart.lines.length, units: unitsOf(cart.lines) }
}

function presentFields(cart: Cart) {
  return {
    id: cart.cartId,
    state: cart.state,
    currency: cart.currency,
    customer_id: cart.customerId ?? null,
    email: cart.email ?? null,
    version: cart.version,
    order_uid: cart.orderUid ?? null,
    merged_into: cart.mergedInto ?? null,
    abandoned_at: timeOf(cart.abandonedAtMs),
    created_at: new Date(cart.createdAtMs).toISOString(),
    updated_at: new Date(cart.updatedAtMs).toISOString(),
    expires_at: timeOf(cart.expiresAtMs),
  }
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
