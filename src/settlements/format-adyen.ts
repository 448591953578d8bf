import { toMinor } from './amount.ts'
import { type Columns, cell, columnsOf, firstOf, type SettlementFormat, withHeading } from './format.ts'
import type { LineKind, SettlementLine } from './settlement.ts'
import { toInstant } from './time.ts'

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
      return fields => toLine(columns, fields, (text, code) => toMinor(text, code, form))
    }),
}

function toLine(
  columns: Columns<Name>,
  fields: readonly string[],
  toAmount: (text: string, code: string) => number,
): SettlementLine {
  const read = (name: Name, code: string) => {
    const text = cell(fields, columns[name])
    return text === '' ? 0 : toAmount(text, code)
  }
  const type = cell(fields, columns.Type)
  const kind = kinds.get(type) ?? 'other'
  const netCurrency = cell(fields, columns['Net Currency'])
  const net = read('Net Credit (NC)', netCurrency) - read('Net Debit (NC)', netCurrency)
  const isOfPayment = kind === 'payment' || kind === 'refund' || kind === 'dispute'
  // Lines of the batch, such as its payout, have no gross.
  const currency = isOfPayment ? cell(fields, columns['Gross Currency']) : netCurrency
  const amount = isOfPayment ? read('Gross Credit (GC)', currency) - read('Gross Debit (GC)', currency) : net
  const fee = isOfPayment ? fees.reduce((sum, name) => sum + read(name, netCurrency), 0) : 0
  const merchant = cell(fields, columns['Merchant Account'])
  const batch = cell(fields, columns['Batch Number'])
  const modification = cell(fields, columns['Modification Reference'])
  return {
    // A batch has a line for the fees of each month, and other batches have one of the same name.
    lineId: `${merchant}:${batch}:${type}:${modification}`,
    kind,
    paymentRef: firstOf(cell(fields, columns['Psp Reference'])),
    operationRef: isOfPayment ? firstOf(modification) : undefined,
    ownRef: firstOf(cell(fields, columns['Merchant Reference'])),
    amount,
    currency,
    fee,
    net,
    netCurrency,
    feeOff: currency === netCurrency ? amount - fee - net : 0,
    payout: batch === '' ? undefined : `${merchant}:${batch}`,
    occurredAtMs: toInstant(cell(fields, columns['Creation Date']), firstOf(cell(fields, columns.TimeZone))),
  }
}
