import type { CsvRecord } from '../platform/csv.ts'
import {
  amountIn,
  type Columns,
  cell,
  columnsOf,
  firstCell,
  recurring,
  type SettlementFormat,
  timeIn,
  withHeading,
} from './format.ts'
import { isOfPayment, type LineKind, type SettlementLine } from './settlement.ts'

const fees = ['Commission (NC)', 'Markup (NC)', 'Scheme Fees (NC)', 'Interchange (NC)'] as const
const needed = [
  ...['Psp Reference', 'Type', 'Modification Reference', 'Gross Currency', 'Gross Debit (GC)', 'Gross Credit (GC)'],
  ...['Net Currency', 'Net Debit (NC)', 'Net Credit (NC)', 'Batch Number'],
] as const
const optional = ['Merchant Account', 'Merchant Reference', 'Creation Date', 'TimeZone', ...fees] as const
type Name = (typeof needed)[number] | (typeof optional)[number]

/** The kinds of `Type`; any other moves money that is no payment's. */
const kinds: ReadonlyMap<string, LineKind> = new Map(
  Object.entries({
    Settled: 'payment',
    Refunded: 'refund',
    RefundedReversed: 'refund',
    Chargeback: 'dispute',
    SecondChargeback: 'dispute',
    ChargebackReversed: 'dispute',
    Fee: 'fee',
    InvoiceDeduction: 'fee',
    MiscCosts: 'fee',
    PaymentCost: 'fee',
    MerchantPayout: 'payout',
  } as const),
)

/**
 * Adyen's settlement details report. Source: docs.adyen.com/reporting/settlement-reconciliation/transaction-level. (GC) is the payer's
 * currency, (NC) that of the payout; the fees of a line are in four columns. Adyen writes CLP and ISK with decimals.
 */
export const adyenFormat: SettlementFormat = {
  name: 'adyen',
  title: "Adyen's settlement details",
  provider: 'adyen',
  separator: ',',
  decimal: '.',
  isUneven: false,
  derivesPayouts: false,
  begin: decimal =>
    withHeading(heading => {
      const columns = columnsOf<Name>(heading, needed, optional)
      const form = { decimal, providerDigits: { CLP: 2, ISK: 2 } }
      const recurrent = {
        typeOf: recurring(type => type),
        netCurrencyOf: recurring(code => code),
        grossCurrencyOf: recurring(code => code),
        merchantOf: recurring(account => account),
        batchOf: recurring(batch => batch),
        zoneOf: recurring(zone => zone),
      }
      const toAmount: ToAmount = (record, name, code) =>
        cell(record, columns[name]) === '' ? 0 : amountIn(record, columns[name], code, form)
      return record => toLine(record, columns, toAmount, recurrent)
    }),
}

/** Reads an amount; an empty field is none. */
type ToAmount = (record: CsvRecord, name: Name, code: string) => number
type Recurrent = Record<
  'typeOf' | 'netCurrencyOf' | 'grossCurrencyOf' | 'merchantOf' | 'batchOf' | 'zoneOf',
  ReturnType<typeof recurring<string>>
>

function toLine(
  record: CsvRecord,
  columns: Columns<Name>,
  toAmount: ToAmount,
  { typeOf, netCurrencyOf, grossCurrencyOf, merchantOf, batchOf, zoneOf }: Recurrent,
): SettlementLine {
  const read = (name: Name, code: string) => toAmount(record, name, code)
  const type = typeOf(record, columns.Type)
  const kind = kinds.get(type) ?? 'other'
  const netCurrency = netCurrencyOf(record, columns['Net Currency'])
  const net = read('Net Credit (NC)', netCurrency) - read('Net Debit (NC)', netCurrency)
  const isPayment = isOfPayment(kind)
  // Lines of the batch, such as its payout, have no gross.
  const currency = isPayment ? grossCurrencyOf(record, columns['Gross Currency']) : netCurrency
  const amount = isPayment ? read('Gross Credit (GC)', currency) - read('Gross Debit (GC)', currency) : net
  const fee = isPayment ? fees.reduce((sum, name) => sum + read(name, netCurrency), 0) : 0
  const merchant = merchantOf(record, columns['Merchant Account'])
  const batch = batchOf(record, columns['Batch Number'])
  const modification = cell(record, columns['Modification Reference'])
  return {
    // A batch has a line for the fees of each month, and other batches have one of the same name.
    lineId: `${merchant}:${batch}:${type}:${modification}`,
    kind,
    paymentRef: firstCell(record, columns['Psp Reference']),
    operationRef: isPayment && modification !== '' ? modification : undefined,
    ownRef: firstCell(record, columns['Merchant Reference']),
    amount,
    currency,
    fee,
    net,
    netCurrency,
    feeOff: currency === netCurrency ? amount - fee - net : 0,
    payout: batch === '' ? undefined : `${merchant}:${batch}`,
    occurredAtMs: timeIn(record, columns['Creation Date'], zoneOf(record, columns.TimeZone) || undefined),
  }
}
