import type { NumberCheck } from './shipment.ts'

/** What the check digits of tracking numbers say. A wrong one is told and kept: carriers have numbers that break their own rules. */

/** UPU S10: two letters, eight digits, the check digit, and the country of the post. */
const s10 = /^([A-Z]{2})(\d{8})(\d)([A-Z]{2})$/

/** UPS: `1Z`, fifteen letters and digits, and the check digit. */
const ups = /^1Z([0-9A-Z]{15})(\d)$/

/**
 * Checks a number by the form that it has.
 *
 * @param carrier in lower case: a number is only of UPS's form when it is UPS's, or nobody has said whose it is
 */
export function checkOf(number: string, carrier: string | undefined): NumberCheck {
  const text = number.replaceAll(/[\s-]/g, '').toUpperCase()
  const [, , digits, s10Digit] = s10.exec(text) ?? []
  if (digits !== undefined) return verdict(checkDigitOfS10(digits) === Number(s10Digit))
  const [, serial, upsDigit] = ups.exec(text) ?? []
  if (serial !== undefined && (carrier === undefined || carrier === 'ups'))
    return verdict(checkDigitOfUps(serial) === Number(upsDigit))
  return 'unknown'
}

const verdict = (isRight: boolean): NumberCheck => (isRight ? 'valid' : 'invalid')

const s10Weights = [8, 6, 4, 2, 3, 5, 9, 7]

/** UPU standard S10: the weighted sum modulo 11, where 10 becomes 0 and 11 becomes 5. */
function checkDigitOfS10(digits: string): number {
  const sum = s10Weights.reduce((total, weight, index) => total + weight * Number(digits.charAt(index)), 0)
  const rest = 11 - (sum % 11)
  return rest === 10 ? 0 : rest === 11 ? 5 : rest
}

/** UPS's own: letters count as numbers, every second one is doubled, and the sum is filled up to ten. */
function checkDigitOfUps(serial: string): number {
  const sum = [...serial].reduce((total, character, index) => {
    const value = /\d/.test(character) ? Number(character) : (character.charCodeAt(0) - 63) % 10
    return total + value * (index % 2 === 0 ? 1 : 2)
  }, 0)
  return (10 - (sum % 10)) % 10
}
