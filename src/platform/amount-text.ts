import { currencies } from './currencies.ts'

/** An amount for a person, such as `18.17 USD`. @param amount in the currency's minor unit */
export function amountText(amount: number, code: string): string {
  const digits = currencies.get(code)?.digits ?? 0
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return `${amount < 0 ? '-' : ''}${whole}${digits === 0 ? '' : `.${text.slice(-digits)}`} ${code}`
}
