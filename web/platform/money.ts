import { currencies } from '../../src/platform/currencies.ts'

const formats = new Map<string, Intl.NumberFormat>()
const counts = new Intl.NumberFormat()

/**
 * Formats an amount in the user's language and the form of its currency.
 *
 * @param amount in the currency's minor unit; as text where it may have more digits than a number holds
 */
export function money(amount: number | string, currency: string): string {
  // As text, since the largest amounts have more digits than a fractional number can hold.
  return formatOf(currency, digitsOf(currency)).format(decimal(amount, currency) as Intl.StringNumericLiteral)
}

/** Writes an amount as it is typed into a field: digits, and a point before those of the minor unit. */
export function decimal(amount: number | string, currency: string): string {
  const digits = digitsOf(currency)
  const [sign, whole] = String(amount).startsWith('-') ? ['-', String(amount).slice(1)] : ['', String(amount)]
  const text = whole.padStart(digits + 1, '0')
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/**
 * Reads what was typed as an amount. A comma is refused, since it means thousands to some and the minor unit to others.
 *
 * @returns the amount in the currency's minor unit, above 0 and at most 2^53−1; undefined for anything else
 */
export function amountOf(text: string, currency: string): number | undefined {
  const digits = digitsOf(currency)
  const [, whole, fraction = ''] = /^(\d{1,16})(?:\.(\d{1,4}))?$/.exec(text.trim()) ?? []
  if (whole === undefined || fraction.length > digits) return undefined
  const amount = Number(whole + fraction.padEnd(digits, '0'))
  return amount > 0 && Number.isSafeInteger(amount) ? amount : undefined
}

/** Digits from the service's table: browsers differ. An order may be stored in a currency that never existed. */
function digitsOf(currency: string): number {
  return currencies.get(currency)?.digits ?? 2
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
