import type { Violation } from '../errors.ts'
import type { OrderDocument, OrderItem } from '../orders/document.ts'
import type { CartLine } from './cart.ts'
import type { PricedLine, Pricing } from './pricing.ts'
import { shareOut } from '../platform/shares.ts'

/** What an order says beside what was bought and what it costs. */
export type OrderFacts = Readonly<{
  orderUid: string
  /** RFC 3339. */
  createdAt: string
  customerId: string
  delivery: OrderDocument['delivery']
  /** The payment provider. */
  provider: string
  /** The delivery method. */
  deliveryService: string
  locale: string
}>

/**
 * The order document of a priced cart: each unit is an item of its own, with a `rid` made of the order's uid and its place. The fields
 * stand in the contract's order, as the fast reader wants them. Throws for a line without a price; see `hindersCheckout`.
 *
 * The total of a line is shared out over its units. `(100 − sale) %` of the price lies between a whole number and the next one, and so
 * does each unit: within the contract's `|total_price − price·(100−sale)/100| ≤ 1`.
 */
export function toOrderDocument(pricing: Pricing, facts: OrderFacts): OrderDocument {
  const { orderUid, delivery, provider, locale, customerId, deliveryService, createdAt } = facts
  const items: OrderItem[] = []
  for (const line of pricing.lines) addUnits(items, line, orderUid)
  return {
    order_uid: orderUid,
    track_number: orderUid,
    entry: 'cart',
    delivery: inOrder(delivery),
    payment: {
      transaction: orderUid,
      request_id: '',
      currency: pricing.currency,
      provider,
      amount: pricing.total,
      payment_dt: 0,
      bank: '',
      delivery_cost: pricing.deliveryCost,
      goods_total: pricing.subtotal,
      custom_fee: 0,
      discount_total: pricing.discountTotal,
      tax_total: pricing.taxTotal,
      // For returns: what the goods cost does not depend on what the delivery would have.
      ...(pricing.deliveryDiscount > 0 ? { delivery_discount: pricing.deliveryDiscount } : {}),
    },
    items,
    locale,
    internal_signature: '',
    customer_id: customerId,
    delivery_service: deliveryService,
    shardkey: '0',
    sm_id: 0,
    date_created: createdAt,
    oof_shard: '0',
  }
}

function inOrder({ name, phone, zip, city, address, region, email, country }: OrderDocument['delivery']) {
  const recipient = { name, phone, zip, city, address, region, email }
  return country === undefined ? recipient : { ...recipient, country }
}

function addUnits(items: OrderItem[], line: PricedLine, orderUid: string): void {
  const { item, quantity, price, total } = line
  if (price === undefined) throw new Error(`the item ${item.chrtId} has no price in the currency of the order`)
  const { chrtId, nmId, name, brand, size, sale } = item
  const shares = shareOut(BigInt(total), Array<bigint>(quantity).fill(1n))
  for (const share of shares) {
    items.push({
      chrt_id: chrtId,
      track_number: orderUid,
      price,
      rid: `${orderUid}-${items.length + 1}`,
      name,
      sale,
      size,
      total_price: Number(share),
      nm_id: nmId,
      brand,
      status: 0,
    })
  }
}

/** Turns violations of an order's document into those of the cart that it was made of: a unit is part of a line there. */
export function inCart(violations: readonly Violation[], lines: readonly CartLine[]): Violation[] {
  const lineOfUnits = lines.flatMap(({ quantity }, index) => Array<number>(quantity).fill(index))
  return violations.map(({ pointer, detail }) => {
    const [, part, unit, ...field] = pointer.split('/')
    const isOfUnit = part === 'items' && unit !== undefined
    return { pointer: isOfUnit ? ['/lines', lineOfUnits[Number(unit)], ...field].join('/') : pointer, detail }
  })
}
