import type { Item } from '../inventory/item.ts'
import type { Cart } from './cart.ts'

/** How many units of an item a cart may have. */

type Limits = Pick<
  Item,
  'active' | 'prices' | 'availableFromMs' | 'minQuantity' | 'maxQuantity' | 'maxPerCustomer' | 'quantityStep'
>

/** Why an item cannot be sold to a cart at all; undefined when it can. */
export function refuseItem(
  item: Limits | undefined,
  { currency }: Pick<Cart, 'currency'>,
  nowMs: number,
): string | undefined {
  if (item === undefined) return 'there is no such item'
  if (!item.active) return 'the item is not sold'
  if (item.availableFromMs !== undefined && item.availableFromMs > nowMs) return 'the item is not sold yet'
  return item.prices[currency] === undefined ? `the item has no price in ${currency}` : undefined
}

/** Why a cart cannot have that many units of an item; undefined when it can. @param ordered units that its customer has ordered before */
export function refuseQuantity(item: Limits, quantity: number, ordered: number): string | undefined {
  const { minQuantity, quantityStep } = item
  const most = mostOf(item, ordered)
  if (quantity < minQuantity) return `must be at least ${minQuantity}`
  if (quantity > most)
    return `must be at most ${most}${most < mostOf(item, 0) ? ' beside what was ordered before' : ''}`
  return quantity % quantityStep === 0 ? undefined : `must be a multiple of ${quantityStep}`
}

/** The quantity that comes closest from below; the item's smallest one where nothing below is allowed. */
export function cappedQuantity(item: Limits, quantity: number, ordered: number): number {
  const { minQuantity, quantityStep } = item
  const wanted = Math.min(quantity, mostOf(item, ordered))
  const stepped = wanted - (wanted % quantityStep)
  return Math.max(stepped, Math.ceil(minQuantity / quantityStep) * quantityStep)
}

function mostOf({ maxQuantity = Infinity, maxPerCustomer = Infinity }: Limits, ordered: number): number {
  return Math.min(maxQuantity, Math.max(0, maxPerCustomer - ordered))
}
