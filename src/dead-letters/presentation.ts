import type { Violation } from '../errors.ts'
import type { Result } from './desk.ts'
import type { LetterWithHistory } from './letter.ts'

/** How dead letters and what became of them are shown, and how an edited one comes back. */

/** JSON that nests deeper is left as text: not every reader of our answers could take it. */
const levelsMax = 100

/** The letter as JSON. Its value stands in it as it came, since decoding would round numbers past 2^53. */
export function presentWhole({ letter, history }: LetterWithHistory, violationsNow: readonly Violation[]): string {
  const head = JSON.stringify(letter)
  const json = letter.text !== null && isReadableJson(letter.text) ? letter.text : 'null'
  const tail = `"violations_now":${JSON.stringify(violationsNow)},"history":${JSON.stringify(history)}`
  return `${head.slice(0, -1)},"json":${json},${tail}}`
}

/** A result as it is answered. */
export function presentResult(result: Result) {
  const { id, outcome } = result
  const sum = sumOf(result)
  const found = { id, outcome, state: sum === 'refused' ? 'open' : sum }
  if (outcome === 'discarded') return found
  if (outcome !== 'refused') return { ...found, order_uid: result.orderUid }
  const { code, message, violations } = result.error
  return { ...found, code, detail: message, ...(violations.length === 0 ? {} : { errors: violations }) }
}

/** Under which sum a result counts. */
export function sumOf({ outcome }: Result): 'replayed' | 'refused' | 'discarded' {
  return outcome === 'refused' || outcome === 'discarded' ? outcome : 'replayed'
}

/**
 * An edited value that came as JSON, as text again; or why it cannot be that without becoming another: JSON can write numbers
 * that JavaScript cannot hold.
 *
 * @param json what `JSON.parse` returned
 */
export function toText(json: unknown): { text: string } | { problem: string } {
  if (nestsDeeper(json, levelsMax)) return { problem: `must not nest deeper than ${levelsMax} levels; send it as text` }
  let isExact = true
  const text = JSON.stringify(json, (_, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) isExact = false
    return value
  })
  return isExact ? { text } : { problem: 'must hold no number past 1e308; send it as text' }
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
