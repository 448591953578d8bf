import { toMinor } from './amount.ts'
import { type Columns, cell, columnsOf, firstOf, type SettlementFormat, withHeading } from './format.ts'
import type { LineKind, SettlementLine } from './settlement.ts'
import { toInstant } from './time.ts'

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
      return fields => toLine(columns, fields, (text, code) => toMinor(text, code, form))
    }),
}

type ToAmount = (text: string, code: string) => number

function toLine(columns: Columns<Name>, fields: readonly string[], toAmount: ToAmount): SettlementLine {
  const category = cell(fields, columns.reporting_category)
  const kind = kinds.get(category) ?? 'other'
  const netCurrency = cell(fields, columns.currency).toUpperCase()
  const gross = toAmount(cell(fields, columns.gross), netCurrency)
  const fee = toAmount(cell(fields, columns.fee), netCurrency)
  const net = toAmount(cell(fields, columns.net), netCurrency)
  // What the payer has paid is in another currency where Stripe has converted it.
  const paidCurrency = cell(fields, columns.customer_facing_currency).toUpperCase()
  const isConverted = paidCurrency !== '' && paidCurrency !== netCurrency
  const source = cell(fields, columns.source_id)
  // The two reports have a payout under one id, so that it is not booked twice.
  const isPayout = kind === 'payout' && source !== ''
  return {
    lineId: isPayout ? payoutLineId(category, source) : cell(fields, columns.balance_transaction_id),
    kind,
    paymentRef: firstOf(cell(fields, columns.payment_intent_id), cell(fields, columns.charge_id)),
    operationRef: kind === 'refund' ? firstOf(source) : undefined,
    ownRef: firstOf(cell(fields, columns['payment_metadata[payment_id]'])),
    amount: isConverted
      ? converted(toAmount(cell(fields, columns.customer_facing_amount), paidCurrency), gross)
      : gross,
    currency: isConverted ? paidCurrency : netCurrency,
    fee,
    net,
    netCurrency,
    feeOff: gross - fee - net,
    payout: isPayout ? source : firstOf(cell(fields, columns.automatic_payout_id)),
    occurredAtMs: toInstant(cell(fields, columns.created_utc)),
  }
}

function payoutLineId(category: string, source: string): string {
  return category === 'payout' ? source : `${source}:reversal`
}

/** What the payer paid or got back, with the sign of the gross. */
function converted(amount: number, gross: number): number {
  return gross < 0 ? -Math.abs(amount) : Math.abs(amount)
}
