import creditCardType from 'credit-card-type'

/**
 * Card numbers must not get into the database or the log, where nobody looks for them (PCI DSS 3). They are refused where people and
 * programs write texts of their own.
 */

/** Digits with a few separators between two of them. */
const digitsInGroups = /\d(?:[\s\p{Pd}\u2212.]{0,3}\d)+/gu
/** A bank account as its owner writes it; its digits in groups often look like a card number. */
const accountNumber = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g
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
  const plain = text.normalize('NFKC').replace(accountNumber, found => (isAccountNumber(found) ? ' account ' : found))
  for (const [found] of plain.matchAll(digitsInGroups)) {
    if (isCardAmong(found.split(/\D+/))) return true
  }
  return false
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

/** ISO 13616: an IBAN modulo 97 is 1, with its first four characters at the end and its letters as numbers from 10. */
function isAccountNumber(text: string): boolean {
  const compact = text.replaceAll(' ', '')
  const moved = `${compact.slice(4)}${compact.slice(0, 4)}`
  return BigInt(moved.replace(/[A-Z]/g, letter => String(letter.charCodeAt(0) - 55))) % 97n === 1n
}
