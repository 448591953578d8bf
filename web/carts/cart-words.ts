import type { EventView } from '../../src/events/schemas.ts'
import type { EventWords } from '../module.ts'
import { texts } from './texts.ts'

const words = texts.events

/** The checkout that made an order, in words: which cart it was, and which codes it used. */
export function cartWords({ type, stream_id: id, data }: EventView): EventWords | undefined {
  if (type !== 'cart.checked_out') return undefined
  const codes = Array.isArray(data.discount_codes) ? data.discount_codes.join(', ') : ''
  return {
    title: words.checkedOut,
    facts: [[words.cart, id], ...(codes === '' ? [] : ([[words.codes, codes]] as const))],
  }
}
