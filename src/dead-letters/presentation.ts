import type { Violation } from '../errors.ts'
import type { Result } from './desk.ts'
import type { LetterWithHistory } from './letter.ts'

/** How dead letters and what became of them are shown. */

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
