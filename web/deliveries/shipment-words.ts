import type { EventView } from '../../src/events/schemas.ts'
import type { EventWords } from '../module.ts'
import { texts } from './texts.ts'

const words = texts.events

/** An event of a shipment in words: what happened, and by which numbers its parcels are known. */
export function shipmentWords({ type, data }: EventView): EventWords | undefined {
  if (!type.startsWith('shipment.')) return undefined
  const { carrier, rids, tracking_status: tracking, tracking_numbers: numbers } = data
  const facts = [
    [words.units, Array.isArray(rids) ? String(rids.length) : ''],
    [words.carrier, textOf(carrier)],
    [words.numbers, Array.isArray(numbers) ? numbers.map(one => textOf(one?.number)).join(', ') : ''],
    [words.tracking, texts.tracking(textOf(tracking))],
  ] as const
  const titles: Readonly<Record<string, string>> = words.titles
  return { title: titles[type] ?? type, facts: facts.filter(([, value]) => value !== '') }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
