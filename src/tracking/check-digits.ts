import { normalizeNumber } from './checkpoint.ts'

/** What the check digit of a tracking number says; `unknown`: no rule is known for it. A wrong one is a warning, never a refusal. */
export type NumberCheck = 'valid' | 'invalid' | 'unknown'

type Rule = Readonly<{ form: RegExp; isValid: (number: string) => boolean }>

/** UPU S10, of all posts: two letters, eight digits and their check digit, a country. */
const s10: Rule = {
  form: /^[A-Z]{2}\d{9}[A-Z]{2}$/,
  isValid(number) {
    const sum = weighted(number.slice(2, 10), [8, 6, 4, 2, 3, 5, 9, 7])
    const check = 11 - (sum % 11)
    return digitAt(number, 10) === (check === 10 ? 0 : check === 11 ? 5 : check)
  },
}

/** UPS: `1Z`, fifteen letters and digits, a check digit. A letter stands for a digit: A for 2, B for 3. */
const ups: Rule = {
  form: /^1Z[0-9A-Z]{15}\d$/,
  isValid(number) {
    const digits = number.slice(2, 17).replaceAll(/[A-Z]/g, letter => String((letter.charCodeAt(0) - 63) % 10))
    return digitAt(number, 17) === (10 - (weighted(digits, [1, 2]) % 10)) % 10
  },
}

/** The GS1 rule: weights 3 and 1 from the right. */
const gs1 = (form: RegExp): Rule => ({
  form,
  isValid(number) {
    const digits = [...number.slice(0, -1)].toReversed().join('')
    return digitAt(number, number.length - 1) === (10 - (weighted(digits, [3, 1]) % 10)) % 10
  },
})

/** The rules of each carrier for numbers that other carriers may have as well. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  fedex: [
    {
      form: /^\d{12}$/,
      isValid: number => digitAt(number, 11) === (weighted(number.slice(0, 11), [3, 1, 7]) % 11) % 10,
    },
    gs1(/^\d{15}$/),
  ],
  usps: [gs1(/^(\d{20}|9\d{21})$/)],
  dhl: [{ form: /^\d{10}$/, isValid: number => digitAt(number, 9) === Number(number.slice(0, 9)) % 7 }],
  dpd: [{ form: /^\d{14}[0-9A-Z]$/, isValid: number => number[14] === mod37(number.slice(0, 14)) }],
}

/**
 * Checks the check digit of a tracking number.
 *
 * @param carrier as people write it; '' when nobody has said: then only numbers that are told by their form are checked
 */
export function checkNumber(given: string, carrier: string): NumberCheck {
  const number = normalizeNumber(given)
  const named = Object.entries(rules).flatMap(([name, own]) => (carrier.toLowerCase().startsWith(name) ? own : []))
  const rule = [s10, ups, ...named].find(({ form }) => form.test(number))
  if (rule === undefined) return 'unknown'
  return rule.isValid(number) ? 'valid' : 'invalid'
}

function digitAt(number: string, index: number): number {
  return Number(number[index])
}

/** The sum of digits, each times its weight; weights repeat. */
function weighted(digits: string, weights: readonly number[]): number {
  return [...digits].reduce((sum, digit, index) => sum + Number(digit) * (weights[index % weights.length] ?? 0), 0)
}

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** The check character of ISO 7064, MOD 37,36. */
function mod37(text: string): string | undefined {
  let check = 36
  for (const letter of text) {
    check += letters.indexOf(letter)
    if (check > 36) check -= 36
    check = (check * 2) % 37
  }
  return letters[(37 - check) % 36]
}
