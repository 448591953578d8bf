import type { EventView } from '../../src/events/schemas.ts'
import type { EventWords } from '../module.ts'
import { texts } from './texts.ts'

const words = texts.events

/** An event of an order's stock in words: which items it was short of, or has got. */
export function stockWords({ type, data }: EventView): EventWords | undefined {
  if (type !== 'stock.shortfall' && type !== 'stock.allocated') return undefined
  const isShort = type === 'stock.shortfall'
  const items = Array.isArray(data.items) ? (data.items as Readonly<Record<string, unknown>>[]) : []
  return {
    title: isShort ? words.short : words.allocated,
    facts: items.map(({ chrt_id: chrtId, wanted, left, quantity, location }) => [
      words.item(String(chrtId)),
      isShort ? words.wanted(String(wanted), String(left)) : words.taken(String(quantity), String(location)),
    ]),
  }
}
