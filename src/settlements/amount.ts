import { currencies } from '../platform/currencies.ts'
import { SettlementFileError } from './settlement.ts'

/** How a file writes amounts. */
export type AmountForm = Readonly<{
  /** What stands before the decimals; undefined: amounts are whole numbers of minor units. */
  decimal: '.' | ',' | undefined
  /** Decimals that the provider writes where the currency has fewer; they must be zeros. */
  providerDigits?: Readonly<Record<string, number>>
}>

/** How many digits an amount may have before and behind the separator. */
const [unitsMax, decimalsMax] = [16, 8]
const [zero, minus, plus] = ['0'.charCodeAt(0), '-'.charCodeAt(0), '+'.charCodeAt(0)]

/**
 * Reads an amount: `26.2` in EUR is 2620. The separator of thousands that some programs write is refused, since it cannot be told from
 * that of decimals.
 *
 * @returns minor units of the currency
 * @throws SettlementFileError for anything else, and for more decimals than the currency has
 */
export function toMinor(text: string, code: string, form: AmountForm): number {
  return minorIn(text, 0, text.length, code, form)
}

/** Reads an amount that stands in a text, as `toMinor` does. @param start its first character @param end just behind its last */
export function minorIn(text: string, start: number, end: number, code: string, form: AmountForm): number {
  const { decimal, providerDigits } = form
  const digits = digitsOf(code)
  const sign = text.charCodeAt(start)
  const isSigned = start < end && (sign === minus || sign === plus)
  const decimalCode = decimal === undefined ? -1 : decimal.charCodeAt(0)
  let amount = 0
  let units = 0
  let decimals = 0
  let isMore = false
  let isBehind = false
  // A file has millions of amounts: an expression would take ten times as long.
  for (let at = isSigned ? start + 1 : start; at < end; at += 1) {
    const character = text.charCodeAt(at)
    const digit = character - zero
    if (digit >= 0 && digit <= 9) {
      if (isBehind) decimals += 1
      else units += 1
      if (decimals <= digits) amount = amount * 10 + digit
      else isMore ||= digit > 0
    } else if (character === decimalCode && !isBehind) isBehind = true
    else throw noAmount(text.slice(start, end))
  }
  // Adyen's reports have `.11` too.
  if (units + decimals === 0 || units > unitsMax || decimals > decimalsMax || (isBehind && decimals === 0)) {
    throw noAmount(text.slice(start, end))
  }
  if (isMore || (decimals > digits && decimals > (providerDigits?.[code] ?? 0))) {
    throw new SettlementFileError(`"${text.slice(start, end)}" has more decimals than ${code}, which has ${digits}`)
  }
  if (decimal !== undefined && decimals < digits) amount *= 10 ** (digits - decimals)
  if (!Number.isSafeInteger(amount)) {
    throw new SettlementFileError(`"${text.slice(start, end)}" is more than 2^53 minor units`)
  }
  return sign === minus && amount !== 0 ? -amount : amount
}

function noAmount(text: string): SettlementFileError {
  return new SettlementFileError(`"${shortened(text)}" is no amount`)
}

/** @throws SettlementFileError for a code that no currency has */
export function digitsOf(code: string): number {
  if (code === last.code) return last.digits
  const currency = currencies.get(code)
  if (currency === undefined) throw new SettlementFileError(`"${shortened(code)}" is no currency of ISO 4217`)
  last = { code, digits: currency.digits }
  return currency.digits
}

/** The currency that was asked for last: a file is about the same one for long, and comparing takes a third of looking it up. */
let last = { code: '', digits: 0 }

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
