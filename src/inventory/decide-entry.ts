import type { ErrorCode, Violation } from '../errors.ts'
import type { CountEntry, Entry, MovementEntry } from './entry.ts'
import { backorderLimitOf, type Item } from './item.ts'
import { changeOf, type Movement } from './movement.ts'
import { applyTo, availableOf, type Stock, type StockRefusal, stockKey } from './stock.ts'

/** What becomes of an entry, by the stock as it is under the item's lock. */
export type EntryDecision =
  | Readonly<{
      kind: 'recorded'
      movements: readonly Movement[]
      /** The stock that the entry is of, as it is then; also of locations where the item was not tracked before. */
      stocks: readonly Stock[]
      count?: Readonly<{ isApplied: boolean; onHand: number }> | undefined
    }>
  | Readonly<{ kind: 'refused'; code: ErrorCode; detail: string; violations?: readonly Violation[] }>

export type EntryContext = Readonly<{
  /** Undefined: there is no such item. */
  item: Item | undefined
  /** The stock of the item at all locations. */
  stocks: readonly Stock[]
  /** Those that there are. */
  locations: ReadonlySet<string>
  nowMs: number
}>

/** Clocks of other systems may be ahead of ours by this, in milliseconds. */
const aheadMsMax = 60_000

/** Decides on an entry whose external id is new. */
export function decideEntry(entry: Entry, context: EntryContext): EntryDecision {
  const { item, locations } = context
  if (item === undefined) {
    return { kind: 'refused', code: 'ITEM_NOT_FOUND', detail: `no item is stored under ${entry.chrtId}` }
  }
  const named =
    entry.type === 'movement'
      ? { location: entry.location, to_location: entry.toLocation }
      : { location: entry.location }
  const violations = Object.entries(named).flatMap(([name, location]): Violation[] =>
    location === undefined || locations.has(location)
      ? []
      : [{ pointer: `/${name}`, detail: 'must be a location that there is' }],
  )
  if (violations.length > 0) {
    return { kind: 'refused', code: 'STOCK_INVALID', detail: 'there is no such location', violations }
  }
  return entry.type === 'count' ? decideCount(entry, { ...context, item }) : decideMovement(entry, { ...context, item })
}

type KnownItem = EntryContext & Readonly<{ item: Item }>

function decideMovement(entry: MovementEntry, context: KnownItem): EntryDecision {
  const { chrtId, location, toLocation, kind, quantity, reason, actor, externalId } = entry
  const made = (place: string, units: number, id?: string): Movement => ({
    ...{ chrtId, location: place, kind, quantity: units, reason, actor, externalId: id },
    change: changeOf(kind, units, { inQuarantine: entry.inQuarantine }),
  })
  const movements =
    toLocation === undefined
      ? [made(location, quantity, externalId)]
      : [made(location, -quantity, externalId), made(toLocation, quantity)]
  return apply(movements, context)
}

function decideCount(entry: CountEntry, context: KnownItem): EntryDecision {
  const { chrtId, location, counted, expected, asOfMs, reason, actor } = entry
  if (asOfMs > context.nowMs + aheadMsMax) {
    const violations = [{ pointer: '/as_of', detail: 'must not be in the future' }]
    return { kind: 'refused', code: 'STOCK_INVALID', detail: 'it is counted in the future', violations }
  }
  const stock = stockAt(location, context)
  const { onHand } = stock
  if (asOfMs < stock.asOfMs)
    return { kind: 'recorded', movements: [], stocks: [stock], count: { isApplied: false, onHand } }
  if (expected !== undefined && expected !== onHand) {
    const detail = `${onHand} units are on hand, and ${expected} were expected`
    return { kind: 'refused', code: 'STOCK_CHANGED', detail }
  }
  const count = { isApplied: true, onHand }
  const quantity = counted - onHand
  if (quantity === 0) return { kind: 'recorded', movements: [], stocks: [{ ...stock, asOfMs }], count }
  const change = changeOf('adjusted', quantity)
  const decision = apply([{ chrtId, location, kind: 'adjusted', quantity, change, reason, actor, asOfMs }], context)
  return decision.kind === 'refused' ? decision : { ...decision, count }
}

function apply(movements: readonly Movement[], context: KnownItem): EntryDecision {
  const before = movements.map(({ location }) => stockAt(location, context, movements[0]?.location))
  const result = applyTo(before, movements, context.nowMs)
  if (result.kind === 'refused') return { kind: 'refused', code: 'STOCK_INSUFFICIENT', detail: explain(result.refusal) }
  return { kind: 'recorded', movements, stocks: result.stocks }
}

/** @param first a location that is tracked before this one, and has the limit of back-orders then */
function stockAt(location: string, { item, stocks }: KnownItem, first = location): Stock {
  const known = stocks.find(stock => stock.location === location)
  if (known !== undefined) return known
  const backorderLimit = stocks.length === 0 && location === first ? backorderLimitOf(item) : 0
  const numbers = { onHand: 0, reserved: 0, unavailable: 0, backorderLimit, backorderBound: backorderLimit }
  return { chrtId: item.chrtId, location, ...numbers, lowStock: item.lowStock, asOfMs: Number.NEGATIVE_INFINITY }
}

function explain({ why, stock }: StockRefusal): string {
  const { location, onHand, reserved, unavailable } = stock
  const has = `${location} has ${onHand} units on hand, ${reserved} reserved, ${unavailable} in quarantine and ${availableOf(stock)} available`
  const reasons: Record<StockRefusal['why'], string> = {
    on_hand: 'fewer than none would be on hand',
    reserved: 'fewer than none would be reserved',
    unavailable: 'fewer than none, or more than there are, would be in quarantine',
    available: 'fewer than are reserved would be left',
  }
  return `${reasons[why]}: ${has}`
}

/** The stock of an item after a decision. */
export function withChanged(stocks: readonly Stock[], changed: readonly Stock[]): Stock[] {
  const all = new Map(stocks.map(stock => [stockKey(stock), stock]))
  for (const stock of changed) all.set(stockKey(stock), stock)
  return [...all.values()].toSorted((a, b) => (a.location < b.location ? -1 : a.location > b.location ? 1 : 0))
}
