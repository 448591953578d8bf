import type { ItemView } from '../../src/inventory/item-document.ts'
import type { MovementKind, RecordedKind } from '../../src/inventory/movement.ts'
import type { ShortfallView } from '../../src/inventory/shortfall-view.ts'
import type { StockLevel } from '../../src/inventory/stock.ts'
import type { LocationView, MovementView, StockView } from '../../src/inventory/views.ts'

/** Items, their stock and its movements as the API gives them. Lists need an id as text. */
export type Item = ItemView
export type Stock = StockView
export type Location = LocationView
export type ItemRow = ItemView & { id: string }
export type StockRow = StockView & { id: string }
export type Movement = Omit<MovementView, 'id'> & { id: string }
export type Shortfall = ShortfallView & { id: string }
export type { MovementKind, RecordedKind, StockLevel }

/** The tone of each level of stock. */
export const tones: Record<StockLevel, string> = { in_stock: 'good', low: 'attention', out_of_stock: 'bad' }

export function readItems(text: string): ItemRow[] {
  return (JSON.parse(text) as Item[]).map(item => ({ ...item, id: String(item.chrt_id) }))
}

export function readStocks(text: string): StockRow[] {
  return (JSON.parse(text) as Stock[]).map(stock => ({ ...stock, id: String(stock.chrt_id) }))
}

export function readMovements(text: string): Movement[] {
  return (JSON.parse(text) as MovementView[]).map(movement => ({ ...movement, id: String(movement.id) }))
}

export function readShortfalls(text: string): Shortfall[] {
  return (JSON.parse(text) as ShortfallView[]).map(shortfall => ({ ...shortfall, id: shortfall.order_uid }))
}

/** What a location has of an item, which is nothing before the first movement there. */
export function stockAt({ locations }: Stock, location: string) {
  const none = { location, on_hand: 0, reserved: 0, unavailable: 0, available: 0 }
  return locations.find(stock => stock.location === location) ?? none
}

const unitsMax = 1_000_000_000

/** Reads what was typed as a number of units. @returns undefined for what is none */
export function unitsOf(text: string, { least = 1 }: { least?: number } = {}): number | undefined {
  const units = /^[+-]?\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN
  return units >= least && units <= unitsMax ? units : undefined
}
