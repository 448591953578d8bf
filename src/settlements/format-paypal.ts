import { shortened, toMinor } from './amount.ts'
import { type Cells, cellsOf, firstOf, type SettlementFormat } from './format.ts'
import { type LineKind, SettlementFileError, type SettlementLine } from './settlement.ts'
import { toInstant } from './time.ts'

const needed = [
  ...['Transaction ID', 'Transaction Event Code', 'Transaction Debit or Credit', 'Gross Transaction Amount'],
  ...['Gross Transaction Currency', 'Fee Debit or Credit', 'Fee Amount', 'Fee Currency'],
] as const
const optional = [...['Invoice ID', 'PayPal Reference ID', 'Custom Field', 'Transaction Completion Date']] as const
type Name = (typeof needed)[number] | (typeof optional)[number]

/** Headers and footers of report, file and section, and counts of rows: what they say is not about a payment. */
const around = ['RH', 'FH', 'SH', 'SF', 'SC', 'RF', 'RC', 'FF']

/** Event codes, and their groups: developer.paypal.com/reports/reference/t-codes. */
const kinds: Readonly<Record<string, LineKind>> = {
  T00: 'payment',
  T01: 'fee',
  T04: 'payout',
  T1106: 'dispute',
  T1107: 'refund',
  T1108: 'fee',
  T1109: 'fee',
  T12: 'dispute',
}

/**
 * PayPal's settlement report. Source: developer.paypal.com/docs/reports/sftp-reports/settlement-report. The first field of a row says
 * what it is: `CH` has the names of the columns and `SB` a transaction. Amounts are whole numbers of minor units without a sign; another
 * column says whether they are a debit or a credit.
 */
export const paypalFormat: SettlementFormat = {
  name: 'paypal',
  title: "PayPal's settlement report",
  provider: 'paypal',
  separator: ',',
  decimal: undefined,
  isUneven: true,
  derivesPayouts: false,
  begin() {
    let cell: Cells<Name> | undefined
    return fields => {
      const [rowType = ''] = fields
      if (rowType === 'CH') cell = cellsOf<Name>(fields, needed, optional)
      else if (rowType === 'SB') {
        if (cell === undefined) throw new SettlementFileError('a row SB stands before the row CH with the columns')
        return toLine(cell, fields)
      } else if (!around.includes(rowType)) {
        throw new SettlementFileError(`the type of row "${shortened(rowType)}" is not known`)
      }
      return undefined
    }
  },
}

function toLine(cell: Cells<Name>, fields: readonly string[]): SettlementLine {
  const code = cell(fields, 'Transaction Event Code')
  const currency = cell(fields, 'Gross Transaction Currency')
  const amount = signed(cell(fields, 'Gross Transaction Amount'), cell(fields, 'Transaction Debit or Credit'), currency)
  const feeCurrency = cell(fields, 'Fee Currency')
  if (feeCurrency !== '' && feeCurrency !== currency) {
    throw new SettlementFileError(`the fee is in ${shortened(feeCurrency)}, and the transaction in ${currency}`)
  }
  const charged = signed(cell(fields, 'Fee Amount'), cell(fields, 'Fee Debit or Credit'), currency)
  const fee = charged === 0 ? 0 : -charged
  const id = cell(fields, 'Transaction ID')
  const known = kinds[code] ?? kinds[code.slice(0, 3)] ?? 'other'
  // What we have sent to another account is no payment of an order.
  const kind = known === 'payment' && amount < 0 ? 'other' : known
  return {
    lineId: `${id}:${code}`,
    kind,
    paymentRef: kind === 'payment' ? firstOf(id) : firstOf(cell(fields, 'PayPal Reference ID')),
    operationRef: firstOf(id),
    ownRef: firstOf(cell(fields, 'Custom Field'), cell(fields, 'Invoice ID')),
    ...{ amount, currency, fee, net: amount - fee, netCurrency: currency, feeOff: 0 },
    payout: kind === 'payout' ? firstOf(id) : undefined,
    occurredAtMs: toInstant(cell(fields, 'Transaction Completion Date')),
  }
}

/** @returns positive for a credit */
function signed(text: string, side: string, currency: string): number {
  if (text === '') return 0
  if (!/^\d+$/.test(text)) throw new SettlementFileError(`"${shortened(text)}" is no amount without sign and separator`)
  const amount = toMinor(text, currency, { decimal: undefined })
  if (side === 'CR' || amount === 0) return amount
  if (side === 'DR') return -amount
  throw new SettlementFileError(`"${shortened(side)}" is neither CR nor DR`)
}
