import type { TaxRateView } from '../../src/carts/price-documents.ts'

export type Rate = TaxRateView

const percentForm = /^(\d{1,3})(?:\.(\d{1,4}))?$/
const ppmMax = 1_000_000

/** Writes a rate in percent. @param ppm in millionths: 88750 is 8.875 */
export function percentOf(ppm: number): string {
  return String(ppm / 10_000)
}

/** Reads what was typed as a rate in percent. @returns in millionths; undefined for anything that is not 0 to 100 with up to four decimals */
export function ppmOf(text: string): number | undefined {
  const [, whole, decimals = ''] = percentForm.exec(text.trim()) ?? []
  if (whole === undefined) return undefined
  const ppm = Number(whole + decimals.padEnd(4, '0'))
  return ppm <= ppmMax ? ppm : undefined
}
