// ISO 4217's digits behind the point where they are not two. What browsers know of it is about habits, and differs.
const digitsByCurrency = new Map<string, number>([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map(code => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map(code => [code, 3] as const),
  ...'CLF UYW'.split(' ').map(code => [code, 4] as const),
])

const formats = new Map<string, Intl.NumberFormat>()
const counts = new Intl.NumberFormat()

/**
 * An amount in the form of the reader's language and of its currency.
 *
 * @param amount in the currency's minor unit; as text where it may have more digits than a number holds
 */
export function money(amount: number | string, currency: string): string {
  const digits = digitsByCurrency.get(currency) ?? 2
  const text = String(amount).padStart(digits + 1, '0')
  // As text, since the largest amounts have more digits than a number that is not whole can hold.
  const decimal = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  return formatOf(currency, digits).format(decimal as Intl.StringNumericLiteral)
}

/** A number of things, with the separators of the reader's language. */
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
