import { currencies } from '../platform/currencies.ts'
import { SettlementFileError } from './settlement.ts'

/** How a file writes amounts. */
export type AmountForm = Readonly<{
  /** What stands before the decimals; undefined: amounts are whole numbers of minor units. */
  decimal: '.' | ',' | undefined
  /** Decimals that the provider writes where the currency has fewer; they must be zeros. */
  providerDigits?: Readonly<Record<string, number>>
}>

const patterns = {
  '.': /^([-+]?)(\d{1,16})(?:\.(\d{1,8}))?$/,
  ',': /^([-+]?)(\d{1,16})(?:,(\d{1,8}))?$/,
}
const whole = /^([-+]?)(\d{1,16})$/

/**
 * Reads an amount: `26.2` in EUR is 2620. The separator of thousands that some programs write is refused, since it cannot be told from
 * that of decimals.
 *
 * @returns minor units of the currency
 * @throws SettlementFileError for anything else, and for more decimals than the currency has
 */
export function toMinor(text: string, code: string, { decimal, providerDigits = {} }: AmountForm): number {
  const digits = digitsOf(code)
  const [, sign, units = '', decimals = ''] = (decimal === undefined ? whole : patterns[decimal]).exec(text) ?? []
  if (units === '') throw new SettlementFileError(`"${shortened(text)}" is no amount`)
  const written = Math.max(digits, providerDigits[code] ?? 0)
  if (decimals.length > written || /[1-9]/.test(decimals.slice(digits))) {
    throw new SettlementFileError(`"${text}" has more decimals than ${code}, which has ${digits}`)
  }
  const padded = decimal === undefined ? units : units + decimals.slice(0, digits).padEnd(digits, '0')
  const amount = Number(padded)
  if (!Number.isSafeInteger(amount)) throw new SettlementFileError(`"${text}" is more than 2^53 minor units`)
  return sign === '-' && amount !== 0 ? -amount : amount
}

/** @throws SettlementFileError for a code that no currency has */
export function digitsOf(code: string): number {
  const currency = currencies.get(code)
  if (currency === undefined) throw new SettlementFileError(`"${shortened(code)}" is no currency of ISO 4217`)
  return currency.digits
}

/** An amount as a person reads it, such as 26.20. */
export function toDecimal(amount: bigint, code: string): string {
  const { digits } = currencies.get(code) ?? { digits: 0 }
  const text = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, '0')
  const point = text.length - digits
  return `${amount < 0n ? '-' : ''}${text.slice(0, point)}${digits > 0 ? `.${text.slice(point)}` : ''}`
}

/** A foreign text for a message. */
export function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
