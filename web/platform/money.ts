import { currencies } from '../../src/platform/currencies.ts'

const formats = new Map<string, Intl.NumberFormat>()
const counts = new Intl.NumberFormat()

/**
 * Formats an amount in the user's language and the form of its currency.
 *
 * @param amount in the currency's minor unit; as text where it may have more digits than a number holds
 */
export function money(amount: number | string, currency: string): string {
  // Digits from the service's table: browsers differ. An order may be stored in a currency that never existed.
  const digits = currencies.get(currency)?.digits ?? 2
  const text = String(amount).padStart(digits + 1, '0')
  // As text, since the largest amounts have more digits than a fractional number can hold.
  const decimal = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  return formatOf(currency, digits).format(decimal as Intl.StringNumericLiteral)
}

/** Formats a count with the separators of the user's language. */
export function count(things: number): string {
  return counts.format(things)
}

function formatOf(currency: string, digits: number): Intl.NumberFormat {
  const known = formats.get(currency)
  if (known !== undefined) return known
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  const made = new Intl.NumberFormat(undefined, { style: 'currency', currency, ...options })
  formats.set(currency, made)
  return made
}
