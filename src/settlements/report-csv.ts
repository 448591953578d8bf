import { toDecimal } from './amount.ts'
import type { ComparedLine } from './compared-line.ts'

/** Compared lines as CSV (RFC 4180), by the command and by the API. */

/** A compared line; amounts are whole numbers in decimal. */
type CsvLine = Omit<ComparedLine, 'result'>

const columns = [
  ...['row', 'line_id', 'kind', 'order_uid', 'payment_id', 'reference', 'currency', 'amount'],
  ...['net_currency', 'fee', 'ours_currency', 'ours_amount'],
] as const satisfies readonly (keyof CsvLine)[]

export const csvHeading = `outcome,${columns.join(',')}\r\n`

export function csvRow(outcome: string, line: CsvLine): string {
  return `${outcome},${columns.map(name => field(line, name)).join(',')}\r\n`
}

/** Amounts as people and spreadsheets write them, and texts in quotes; a text that a spreadsheet would take for a formula is marked. */
function field(line: CsvLine, name: keyof CsvLine): string {
  const value = line[name]
  if (value === null) return ''
  const currency = amounts[name]
  if (currency !== undefined) return toDecimal(BigInt(value), String(line[currency] ?? ''))
  const text = String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const amounts: Partial<Record<keyof CsvLine, 'currency' | 'net_currency' | 'ours_currency'>> = {
  amount: 'currency',
  fee: 'net_currency',
  ours_amount: 'ours_currency',
}
