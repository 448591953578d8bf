import type { CsvRecord } from '../platform/csv.ts'
import type { AmountForm } from './amount.ts'
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
import type { LineKind, SettlementLine } from './settlement.ts'

const needed = ['balance_transaction_id', 'currency', 'gross', 'fee', 'net', 'reporting_category'] as const
const optional = [
  ...['created_utc', 'source_id', 'charge_id', 'payment_intent_id', 'automatic_payout_id'],
  ...['customer_facing_amount', 'customer_facing_currency', 'payment_metadata[payment_id]'],
] as const
type Name = (typeof needed)[number] | (typeof optional)[number]

/** The kinds of `reporting_category`; any other moves money that is no payment's. */
const kinds: ReadonlyMap<string, LineKind> = new Map(
  Object.entries({
    charge: 'payment',
    charge_failure: 'payment',
    // A capture of less than was authorized is a charge of all of it, and this line.
    partial_capture_reversal: 'payment',
    refund: 'refund',
    refund_failure: 'refund',
    dispute: 'dispute',
    dispute_reversal: 'dispute',
    fee: 'fee',
    tax: 'fee',
    payout: 'payout',
    payout_reversal: 'payout',
  } as const),
)

/**
 * Stripe's itemized reports of payout reconciliation and of balance changes. Source: docs.stripe.com/reports/report-types, and
 * docs.stripe.com/reports/reporting-categories. Amounts are decimal in the currency of the balance; those of ISK and UGX have decimals.
 */
export const stripeFormat: SettlementFormat = {
  name: 'stripe',
  title: "Stripe's itemized payout reconciliation",
  provider: 'stripe',
  separator: ',',
  decimal: '.',
  isUneven: false,
  derivesPayouts: true,
  begin: decimal =>
    withHeading(heading => {
      const columns = columnsOf<Name>(heading, needed, optional)
      const form = { decimal, providerDigits: { ISK: 2, UGX: 2 } }
      const recurrent = {
        kindOf: recurring((category): LineKind => kinds.get(category) ?? 'other'),
        currencyOf: recurring(code => code.toUpperCase()),
        paidCurrencyOf: recurring(code => code.toUpperCase()),
        payoutOf: recurring(payout => payout || undefined),
      }
      return record => toLine(record, columns, form, recurrent)
    }),
}

type Recurrent = Record<'kindOf', ReturnType<typeof recurring<LineKind>>> &
  Record<'currencyOf' | 'paidCurrencyOf', ReturnType<typeof recurring<string>>> &
  Record<'payoutOf', ReturnType<typeof recurring<string | undefined>>>

function toLine(record: CsvRecord, columns: Columns<Name>, form: AmountForm, recurrent: Recurrent): SettlementLine {
  const kind = recurrent.kindOf(record, columns.reporting_category)
  const netCurrency = recurrent.currencyOf(record, columns.currency)
  const gross = amountIn(record, columns.gross, netCurrency, form)
  const fee = amountIn(record, columns.fee, netCurrency, form)
  const net = amountIn(record, columns.net, netCurrency, form)
  // What the payer has paid is in another currency where Stripe has converted it.
  const paidCurrency = recurrent.paidCurrencyOf(record, columns.customer_facing_currency)
  const isConverted = paidCurrency !== '' && paidCurrency !== netCurrency
  const source = kind === 'payout' || kind === 'refund' ? cell(record, columns.source_id) : ''
  // The two reports have a payout under one id, so that it is not booked twice.
  const isPayout = kind === 'payout' && source !== ''
  return {
    lineId: isPayout
      ? payoutLineId(cell(record, columns.reporting_category), source)
      : cell(record, columns.balance_transaction_id),
    kind,
    paymentRef: firstCell(record, columns.payment_intent_id, columns.charge_id),
    operationRef: kind === 'refund' && source !== '' ? source : undefined,
    ownRef: firstCell(record, columns['payment_metadata[payment_id]']),
    amount: isConverted
      ? converted(amountIn(record, columns.customer_facing_amount, paidCurrency, form), gross)
      : gross,
    currency: isConverted ? paidCurrency : netCurrency,
    fee,
    net,
    netCurrency,
    feeOff: gross - fee - net,
    payout: isPayout ? source : recurrent.payoutOf(record, columns.automatic_payout_id),
    occurredAtMs: timeIn(record, columns.created_utc),
  }
}

function payoutLineId(category: string, source: string): string {
  return category === 'payout' ? source : `${source}:reversal`
}

/** What the payer paid or got back, with the sign of the gross. */
function converted(amount: number, gross: number): number {
  return gross < 0 ? -Math.abs(amount) : Math.abs(amount)
}
