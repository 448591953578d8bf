import type { Movement, StockChange } from './movement.ts'

/** The stock of an item at a location, and what movements make of it. */

export type Stock = Readonly<{
  chrtId: number
  location: string
  onHand: number
  reserved: number
  /** In quarantine. */
  unavailable: number
  /** How many units may be reserved beyond what is there. One location of an item has its limit, the others have 0. */
  backorderLimit: number
  /** The same, or what was back-ordered already when the limit was lowered. */
  backorderBound: number
  /** At how many available units of all locations the item is low; undefined: as the service is set. */
  lowStock: number | undefined
  /** When `onHand` last changed or was counted. */
  asOfMs: number
}>

/** What an item has at all locations, and how that is called. */
export const stockLevels = ['in_stock', 'low', 'out_of_stock'] as const
export type StockLevel = (typeof stockLevels)[number]

/** What is there and neither reserved nor in quarantine; negative by what is back-ordered. */
export function availableOf({ onHand, reserved, unavailable }: Stock): number {
  return onHand - reserved - unavailable
}

/** What can still be reserved, back-orders included. */
export function reservableOf(stock: Stock): number {
  return Math.max(0, availableOf(stock) + stock.backorderLimit)
}

/** How many units of each item can be reserved, at all of its locations; without items that have no stock, which are not tracked. Pure. */
export function reservableByItem(stocks: readonly Stock[]): Map<number, number> {
  const units = new Map<number, number>()
  for (const stock of stocks) units.set(stock.chrtId, (units.get(stock.chrtId) ?? 0) + reservableOf(stock))
  return units
}

/** @param lowStockDefault for items without a number of their own */
export function levelOf(stocks: readonly Stock[], lowStockDefault: number): StockLevel {
  const available = stocks.reduce((sum, stock) => sum + availableOf(stock), 0)
  if (available <= 0) return 'out_of_stock'
  return available <= (stocks[0]?.lowStock ?? lowStockDefault) ? 'low' : 'in_stock'
}

/** Why stock cannot be changed like this: which number would be wrong. */
export type StockRefusal = Readonly<{
  kind: 'refused'
  /** What would be below zero, or above what there is. */
  why: 'on_hand' | 'reserved' | 'unavailable' | 'available'
  stock: Stock
}>

/**
 * The stock after a change. The database holds to the same rules, by constraints.
 *
 * @param change what to add to its numbers
 * @returns a refusal where less would be there than none, or than is in quarantine or reserved
 */
export function changeStock(stock: Stock, change: StockChange): Stock | StockRefusal {
  const refused = (why: StockRefusal['why']) => ({ kind: 'refused', why, stock }) as const
  const onHand = stock.onHand + change.onHand
  const reserved = stock.reserved + change.reserved
  const unavailable = stock.unavailable + change.unavailable
  if (onHand < 0 || onHand > Number.MAX_SAFE_INTEGER) return refused('on_hand')
  if (reserved < 0) return refused('reserved')
  if (unavailable < 0 || unavailable > onHand) return refused('unavailable')
  const backordered = reserved + unavailable - onHand
  if (backordered > stock.backorderBound) return refused('available')
  const backorderBound = Math.max(stock.backorderLimit, Math.min(stock.backorderBound, backordered))
  return { ...stock, onHand, reserved, unavailable, backorderBound }
}

/** The key of the stock of an item at a location. */
export function stockKey({ chrtId, location }: Pick<Stock, 'chrtId' | 'location'>): string {
  return `${chrtId} ${location}`
}

/**
 * The stock after movements, in their order.
 *
 * @param stocks that of every item and location which a movement names
 * @returns those that have changed, or the first refusal and its movement
 * @throws Error for a movement whose stock is not among them
 */
export function applyTo(
  stocks: readonly Stock[],
  movements: readonly Movement[],
  nowMs: number,
): { kind: 'changed'; stocks: Stock[] } | { kind: 'refused'; refusal: StockRefusal; movement: Movement } {
  const before = new Map(stocks.map(stock => [stockKey(stock), stock]))
  const changed = new Map<string, Stock>()
  for (const movement of movements) {
    const key = stockKey(movement)
    const stock = changed.get(key) ?? before.get(key)
    if (stock === undefined) throw new Error(`a movement is of stock that was not read: ${key}`)
    const after = changeStock(stock, movement.change)
    if ('kind' in after) return { kind: 'refused', refusal: after, movement }
    const { asOfMs = nowMs, change } = movement
    changed.set(key, change.onHand === 0 ? after : { ...after, asOfMs: Math.max(after.asOfMs, asOfMs) })
  }
  return { kind: 'changed', stocks: [...changed.values()] }
}
