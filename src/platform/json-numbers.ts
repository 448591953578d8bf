/**
 * JSON can write any decimal number, and JavaScript has doubles: the number that is parsed may differ from the one written.
 */

/** What becomes of a JSON number as a double. */
export type NumberFate =
  /** JavaScript writes it the same way. */
  | 'same text'
  /** JavaScript holds it, and writes it in another way: `1.0`, `1e2`, `0.10`. */
  | 'same number'
  /** `-0`: written as `0`. */
  | 'negative zero'
  /** Past ±(2^53−1), where whole numbers are rounded. */
  | 'too large'
  /** JavaScript makes another number of it: `0.1234567890123456789`, `1e-400`. */
  | 'rounded'

/** @param text a number as JSON writes it */
export function fateOfNumber(text: string): NumberFate {
  const value = Number(text)
  if (Object.is(value, -0)) return isZero(text) ? 'negative zero' : 'rounded'
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return 'too large'
  const written = String(value)
  if (written === text) return 'same text'
  return isSameDecimal(written, text) ? 'same number' : 'rounded'
}

function isZero(text: string): boolean {
  return decimalOf(text).digits === ''
}

function isSameDecimal(one: string, other: string): boolean {
  const [a, b] = [decimalOf(one), decimalOf(other)]
  return a.digits === b.digits && a.isNegative === b.isNegative && (a.digits === '' || a.exponent === b.exponent)
}

/** A number as ±0.DIGITS × 10^exponent, without zeros at either end of the digits. */
function decimalOf(text: string): { isNegative: boolean; digits: string; exponent: number } {
  const isNegative = text.startsWith('-')
  const [mantissa = '', power = '0'] = text.slice(isNegative ? 1 : 0).split(/[eE]/)
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  let first = 0
  while (all[first] === '0') first += 1
  let end = all.length
  while (end > first && all[end - 1] === '0') end -= 1
  return { isNegative, digits: all.slice(first, end), exponent: Number(power) + whole.length - first }
}
