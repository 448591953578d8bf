import type { Static } from 'typebox'
import type { Recorded } from './decide-entries.ts'
import type { StockNumbers, stockAdjusted } from './events.ts'
import { availableOf, levelOf, type Stock } from './stock.ts'
import type { CountView, RecordedMovementView, StockView } from './views.ts'

/** The numbers of a stock, or the sums of several. */
export function numbersOf(stocks: readonly Stock[]): StockNumbers {
  const sum = (of: (stock: Stock) => number) => stocks.reduce((total, stock) => total + of(stock), 0)
  return {
    on_hand: sum(stock => stock.onHand),
    reserved: sum(stock => stock.reserved),
    unavailable: sum(stock => stock.unavailable),
    available: sum(availableOf),
  }
}

/** The stock of an item as the API shows it. @param stocks at all locations; none: the item is not tracked */
export function presentStock(chrtId: number, stocks: readonly Stock[], lowStockDefault: number): StockView {
  return {
    chrt_id: chrtId,
    is_tracked: stocks.length > 0,
    level: stocks.length > 0 ? levelOf(stocks, lowStockDefault) : 'in_stock',
    ...numbersOf(stocks),
    locations: stocks.map(stock => ({ location: stock.location, ...numbersOf([stock]) })),
  }
}

/** What the event of an entry carries. */
export function adjustedData({
  entry,
  movements,
  movementIds,
  stocks,
}: Recorded): Static<(typeof stockAdjusted)['data']> {
  const [first] = movements
  return {
    chrt_id: entry.chrtId,
    movement_id: movementIds[0] ?? 0,
    location: entry.location,
    to_location: (entry.type === 'movement' ? entry.toLocation : undefined) ?? null,
    kind: entry.type === 'movement' ? entry.kind : 'adjusted',
    quantity: first?.quantity ?? 0,
    reason: entry.reason,
    actor: entry.actor,
    external_id: entry.externalId ?? null,
    location_stock: numbersOf(stocks.filter(({ location }) => location === entry.location)),
    stock: numbersOf(stocks),
  }
}

/** A movement that was recorded, now or before, with the stock as it is. */
export function presentRecorded(recorded: Recorded, lowStockDefault: number): RecordedMovementView {
  const { entry, movementIds, stocks, recordedAtMs } = recorded
  if (entry.type !== 'movement') throw new Error('a count is no movement')
  return {
    id: movementIds[0] ?? 0,
    chrt_id: entry.chrtId,
    location: entry.location,
    to_location: entry.toLocation ?? null,
    kind: entry.kind,
    quantity: entry.quantity,
    quarantine: entry.inQuarantine,
    reason: entry.reason,
    actor: entry.actor,
    external_id: entry.externalId ?? null,
    recorded_at: new Date(recordedAtMs).toISOString(),
    stock: presentStock(entry.chrtId, stocks, lowStockDefault),
  }
}

/** A count that was kept, now or before, with the stock as it is. */
export function presentCount(recorded: Recorded, lowStockDefault: number): CountView {
  const { entry, count, movementIds, stocks, recordedAtMs } = recorded
  if (entry.type !== 'count' || count === undefined) throw new Error('a movement is no count')
  return {
    chrt_id: entry.chrtId,
    location: entry.location,
    counted: entry.counted,
    as_of: new Date(entry.asOfMs).toISOString(),
    applied: count.isApplied,
    difference: count.isApplied ? entry.counted - count.onHand : 0,
    movement_id: movementIds[0] ?? null,
    reason: entry.reason,
    actor: entry.actor,
    external_id: entry.externalId ?? null,
    recorded_at: new Date(recordedAtMs).toISOString(),
    stock: presentStock(entry.chrtId, stocks, lowStockDefault),
  }
}
