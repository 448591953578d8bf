import type { EventView } from '../../src/events/schemas.ts'
import type { EventWords } from '../module.ts'
import { money } from '../platform/money.ts'
import { texts } from './texts.ts'

const words = texts.events

/** An event of a return in words: what happened, of which units, and how much was refunded. */
export function returnWords({ type, data }: EventView): EventWords | undefined {
  if (!type.startsWith('return.')) return undefined
  const { units, refunded, currency } = data
  const isRefunded = typeof refunded === 'number' && refunded > 0 && typeof currency === 'string'
  const facts = [
    [words.units, Array.isArray(units) ? String(units.length) : ''],
    [words.refunded, isRefunded ? money(refunded, currency) : ''],
  ] as const
  const titles: Readonly<Record<string, string>> = words.titles
  return { title: titles[type] ?? type, facts: facts.filter(([, value]) => value !== '') }
}
