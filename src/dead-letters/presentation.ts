import type { Violation } from '../errors.ts'
import type { Resolution } from './attempts.ts'
import type { DeadLetterWithHistory } from './queries.ts'
import type { DeadLetterResult, deadLetterSums, WholeDeadLetter } from './views.ts'

/** How dead letters and their resolutions are shown. */

/** JSON that nests deeper is left as text: not every client can parse it. */
const levelsMax = 100

/** Returns a dead letter as JSON. Its value is copied as text, since decoding would round numbers past 2^53. */
export function presentWhole(
  { deadLetter, history }: DeadLetterWithHistory,
  violationsNow: readonly Violation[],
): string {
  const decoded: Omit<WholeDeadLetter, 'json'> = { ...deadLetter, violations_now: violationsNow, history }
  const json = deadLetter.text !== null && isReadableJson(deadLetter.text) ? deadLetter.text : 'null'
  return `${JSON.stringify(decoded).slice(0, -1)},"json":${json}}`
}

/** Returns a resolution as the API answers it. */
export function presentResolution(resolution: Resolution): DeadLetterResult {
  const { id, outcome } = resolution
  const sum = sumOf(resolution)
  const found: DeadLetterResult = { id, outcome, state: sum === 'refused' ? 'open' : sum }
  if (outcome === 'discarded') return found
  if (outcome !== 'refused') {
    const { orderUid } = resolution
    return orderUid === undefined ? found : { ...found, order_uid: orderUid }
  }
  const { code, message, violations } = resolution.error
  return { ...found, code, detail: message, ...(violations.length === 0 ? {} : { errors: violations }) }
}

/** Returns the sum that a resolution counts towards. */
export function sumOf({ outcome }: Resolution): (typeof deadLetterSums)[number] {
  return outcome === 'refused' || outcome === 'discarded' ? outcome : 'replayed'
}

function isReadableJson(text: string): boolean {
  try {
    return !nestsDeeper(JSON.parse(text), levelsMax)
  } catch {
    return false
  }
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(inner => nestsDeeper(inner, levels - 1))
}
