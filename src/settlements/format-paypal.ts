import type { CsvRecord } from '../platform/csv.ts'
import { digitsOf, shortened } from './amount.ts'
import {
  amountIn,
  type Columns,
  cell,
  columnsOf,
  firstCell,
  type RowReader,
  recurring,
  type SettlementFormat,
  timeIn,
} from './format.ts'
import { type LineKind, SettlementFileError, type SettlementLine } from './settlement.ts'

const needed = [
  ...['Transaction ID', 'Transaction Event Code', 'Transaction Debit or Credit', 'Gross Transaction Amount'],
  ...['Gross Transaction Currency', 'Fee Debit or Credit', 'Fee Amount', 'Fee Currency'],
] as const
const optional = [...['Invoice ID', 'PayPal Reference ID', 'Custom Field', 'Transaction Completion Date']] as const
type Name = (typeof needed)[number] | (typeof optional)[number]

/** Headers and sums of report, file and section: what they say is not about a payment. */
const around = ['RH', 'FH', 'SF', 'RF']

/** Event codes, and their groups: developer.paypal.com/reports/reference/t-codes. */
const kinds: ReadonlyMap<string, LineKind> = new Map(
  Object.entries({
    T00: 'payment',
    T01: 'fee',
    T04: 'payout',
    T1106: 'dispute',
    T1107: 'refund',
    T1108: 'fee',
    T1109: 'fee',
    T12: 'dispute',
  } as const),
)

/**
 * PayPal's settlement report. Source: developer.paypal.com/docs/reports/sftp-reports/settlement-report. The first field of a row says
 * what it is: `CH` has the names of the columns and `SB` a transaction. Amounts are whole hundredths without a sign; another
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
  begin: () => new PaypalRows(),
}

/**
 * Reads the rows of a report, and counts its transactions: the row `SC` says how many its section has, `RC` how many the report has, which
 * may go over several files, and `FF` ends the file. A transfer that broke off leaves a file that looks whole without them.
 */
class PaypalRows implements RowReader {
  readonly #typeOf = recurring(type => type)
  readonly #recurrent = {
    codeOf: recurring(code => code),
    currencyOf: recurring(code => code),
    feeCurrencyOf: recurring(code => code),
    sideOf: recurring(side => side),
    feeSideOf: recurring(side => side),
  }
  #columns: Columns<Name> | undefined
  /** Transactions of the section; undefined outside of one. */
  #ofSection: number | undefined
  #ofFile = 0
  #isOver = false

  read(record: CsvRecord): SettlementLine | undefined {
    const rowType = this.#typeOf(record, 0)
    if (this.#isOver) throw new SettlementFileError('a row stands behind the row FF, which ends the file')
    if (rowType === 'SB') return this.#readTransaction(record)
    if (rowType === 'SH') this.#beginSection()
    else if (rowType === 'CH') this.#columns = columnsOf<Name>(record, needed, optional)
    else if (rowType === 'SC') this.#endSection(record.value(1))
    else if (rowType === 'RC') this.#checkReport(record.value(1))
    else if (rowType === 'FF') this.#endFile()
    else if (!around.includes(rowType)) {
      throw new SettlementFileError(`the type of row "${shortened(rowType)}" is not known`)
    }
    return undefined
  }

  end(): void {
    if (!this.#isOver) throw new SettlementFileError('the row FF that ends the file is missing: is the file cut off?')
  }

  #readTransaction(record: CsvRecord): SettlementLine {
    if (this.#columns === undefined) throw new SettlementFileError('a row SB stands before the row CH with the columns')
    this.#ofSection = (this.#ofSection ?? 0) + 1
    this.#ofFile += 1
    return toLine(record, this.#columns, this.#recurrent)
  }

  #beginSection(): void {
    this.#checkSection()
    this.#ofSection = 0
  }

  #endSection(said: string): void {
    const read = this.#ofSection ?? 0
    if (countOf(said) !== read) {
      throw new SettlementFileError(`the section has ${read} transactions, and the row SC says ${shortened(said)}`)
    }
    this.#ofSection = undefined
  }

  #checkSection(): void {
    if (this.#ofSection !== undefined) throw new SettlementFileError('the row SC that ends the section is missing')
  }

  #checkReport(said: string): void {
    if (countOf(said) < this.#ofFile) {
      throw new SettlementFileError(`the file has ${this.#ofFile} transactions, and the row RC says ${shortened(said)}`)
    }
  }

  #endFile(): void {
    this.#checkSection()
    this.#isOver = true
  }
}

function countOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new SettlementFileError(`"${shortened(text)}" is no number of rows`)
  return Number(text)
}

type Recurrent = Record<
  'codeOf' | 'currencyOf' | 'feeCurrencyOf' | 'sideOf' | 'feeSideOf',
  ReturnType<typeof recurring<string>>
>

function toLine(
  record: CsvRecord,
  columns: Columns<Name>,
  { codeOf, currencyOf, feeCurrencyOf, sideOf, feeSideOf }: Recurrent,
): SettlementLine {
  const code = codeOf(record, columns['Transaction Event Code'])
  const currency = currencyOf(record, columns['Gross Transaction Currency'])
  const side = sideOf(record, columns['Transaction Debit or Credit'])
  const amount = signed(record, columns['Gross Transaction Amount'], side, currency)
  const feeCurrency = feeCurrencyOf(record, columns['Fee Currency'])
  if (feeCurrency !== '' && feeCurrency !== currency) {
    throw new SettlementFileError(`the fee is in ${shortened(feeCurrency)}, and the transaction in ${currency}`)
  }
  const feeSide = feeSideOf(record, columns['Fee Debit or Credit'])
  const charged = signed(record, columns['Fee Amount'], feeSide, currency)
  const fee = charged === 0 ? 0 : -charged
  const id = cell(record, columns['Transaction ID'])
  const known = kinds.get(code) ?? kinds.get(code.slice(0, 3)) ?? 'other'
  // What we have sent to another account is no payment of an order.
  const kind = known === 'payment' && amount < 0 ? 'other' : known
  return {
    lineId: `${id}:${code}`,
    kind,
    paymentRef: firstCell(record, columns[kind === 'payment' ? 'Transaction ID' : 'PayPal Reference ID']),
    operationRef: id || undefined,
    ownRef: firstCell(record, columns['Custom Field'], columns['Invoice ID']),
    amount,
    currency,
    fee,
    net: amount - fee,
    netCurrency: currency,
    feeOff: 0,
    payout: kind === 'payout' && id !== '' ? id : undefined,
    occurredAtMs: timeIn(record, columns['Transaction Completion Date']),
  }
}

/** PayPal writes every amount in hundredths, also of currencies that have none: 100 yen are 10000. */
const writtenDigits = 2

/** @returns positive for a credit, in minor units */
function signed(record: CsvRecord, column: number, side: string, currency: string): number {
  const text = cell(record, column)
  if (text === '') return 0
  const sign = text[0]
  if (sign === '-' || sign === '+' || text.includes('.') || text.includes(',')) {
    throw new SettlementFileError(`"${shortened(text)}" is no amount without sign and separator`)
  }
  const written = amountIn(record, column, currency, { decimal: undefined })
  const digits = digitsOf(currency)
  // Multiplied by a hundredth, 5700 would not be 57.
  const amount =
    digits < writtenDigits ? written / 10 ** (writtenDigits - digits) : written * 10 ** (digits - writtenDigits)
  if (!Number.isSafeInteger(amount)) {
    throw new SettlementFileError(`"${shortened(text)}" hundredths are no amount of ${currency}`)
  }
  if (side === 'CR' || amount === 0) return amount
  if (side === 'DR') return -amount
  throw new SettlementFileError(`"${shortened(side)}" is neither CR nor DR`)
}
