import creditCardType from 'credit-card-type'
import { AppError, type Violation } from '../errors.ts'

/**
 * Card numbers must not get into the database or the log, where nobody looks for them (PCI DSS 3). They are refused where people and
 * programs write texts of their own.
 */

/** Digits with a few separators between two of them. */
const digitsInGroups = /\d(?:[\s\p{Pd}\u2212.]{0,3}\d)+/gu
const digitsMin = 12
const digitsMax = 19

/**
 * Whether a text holds what looks like a card number: the range and the length that an issuer gives out, and the check digit of
 * ISO/IEC 7812 (Luhn). The check digit alone is right in one number out of ten. Spaces, dashes and points may separate the digits;
 * a number begins and ends where digits or groups of them do, so that a longer number does not count for what is within.
 */
export function looksLikeCardNumber(text: string): boolean {
  if (!/\p{Nd}/u.test(text)) return false
  // Full-width digits are digits too.
  const plain = withoutAccounts(text.normalize('NFKC'))
  for (const [found] of plain.matchAll(digitsInGroups)) {
    if (isCardAmong(found.split(/\D+/))) return true
  }
  return false
}

/**
 * Refuses texts of a request that a person or a form may have put a card number into, before anything of it is stored or logged.
 *
 * @param texts by their JSON Pointers; what is no text is left aside
 * @throws AppError CARD_DATA_REFUSED with every one of them
 */
export function refuseCardNumbers(texts: Iterable<readonly [pointer: string, text: unknown]>): void {
  const violations = [...texts].flatMap(([pointer, text]): Violation[] =>
    typeof text === 'string' && looksLikeCardNumber(text) ? [{ pointer, detail: 'must not hold a card number' }] : [],
  )
  if (violations.length > 0) throw new AppError('CARD_DATA_REFUSED', 'the request holds a card number', { violations })
}

/** The same of the fields of a body. */
export function refuseCardNumbersIn(body: Readonly<Record<string, unknown>>): void {
  refuseCardNumbers(Object.entries(body).map(([name, value]) => [`/${name}`, value] as const))
}

function isCardAmong(groups: readonly string[]): boolean {
  return groups.some((_, first) => {
    let digits = ''
    for (let last = first; last < groups.length && digits.length <= digitsMax; last += 1) {
      digits += groups[last] ?? ''
      if (digits.length >= digitsMin && digits.length <= digitsMax && isCardNumber(digits)) return true
    }
    return false
  })
}

function isCardNumber(digits: string): boolean {
  return hasCheckDigit(digits) && creditCardType(digits).some(({ lengths }) => lengths.includes(digits.length))
}

/** Luhn: every second digit from the right is doubled, and the sum of all digits ends in 0. */
function hasCheckDigit(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

/** Takes out the numbers of bank accounts, alone or in groups: their digits often look like those of a card. */
function withoutAccounts(text: string): string {
  return text.replace(/[A-Z0-9]+(?: [A-Z0-9]+)*/g, found => {
    const words = found.split(' ')
    for (let first = 0; first < words.length; first += 1) {
      const end = endOfAccount(words, first)
      if (end !== undefined) words.splice(first, end - first, 'account')
    }
    return words.join(' ')
  })
}

/** @returns behind which word the account number ends that begins with one; undefined: none does */
function endOfAccount(words: readonly string[], first: number): number | undefined {
  if (!/^[A-Z]{2}\d{2}/.test(words[first] ?? '')) return undefined
  let account = ''
  for (let end = first; end < words.length && account.length < accountCharactersMax; ) {
    account += words[end] ?? ''
    end += 1
    if (isAccountNumber(account)) return end
  }
  return undefined
}

const accountCharactersMin = 15
const accountCharactersMax = 34

/** ISO 13616: an IBAN modulo 97 is 1, with its first four characters at the end and its letters as numbers from 10. */
function isAccountNumber(text: string): boolean {
  if (text.length < accountCharactersMin || text.length > accountCharactersMax) return false
  const moved = `${text.slice(4)}${text.slice(0, 4)}`
  return BigInt(moved.replace(/[A-Z]/g, letter => String(letter.charCodeAt(0) - 55))) % 97n === 1n
}
