import { toMinor } from './amount.ts'
import { type Cells, cellsOf, firstOf, type SettlementFormat, withHeading } from './format.ts'
import type { LineKind, SettlementLine } from './settlement.ts'
import { toInstant } from './time.ts'

const needed = ['balance_transaction_id', 'currency', 'gross', 'fee', 'net', 'reporting_category'] as const
const optional = [
  ...['created_utc', 'source_id', 'charge_id', 'payment_intent_id', 'automatic_payout_id'],
  ...['customer_facing_amount', 'customer_facing_currency', 'payment_metadata[payment_id]'],
] as const
type Name = (typeof needed)[number] | (typeof optional)[number]

/** The kinds of `reporting_category`; any other moves money that is no payment's. */
const kinds: Readonly<Record<string, LineKind>> = {
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
}

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
      const cell = cellsOf<Name>(heading, needed, optional)
      const form = { decimal, providerDigits: { ISK: 2, UGX: 2 } }
      return fields => toLine(cell, fields, (text, code) => toMinor(text, code, form))
    }),
}

type ToAmount = (text: string, code: string) => number

function toLine(cell: Cells<Name>, fields: readonly string[], toAmount: ToAmount): SettlementLine {
  const category = cell(fields, 'reporting_category')
  const kind = kinds[category] ?? 'other'
  const netCurrency = cell(fields, 'currency').toUpperCase()
  const gross = toAmount(cell(fields, 'gross'), netCurrency)
  const fee = toAmount(cell(fields, 'fee'), netCurrency)
  const net = toAmount(cell(fields, 'net'), netCurrency)
  const source = cell(fields, 'source_id')
  const line = {
    lineId: cell(fields, 'balance_transaction_id'),
    kind,
    ...paid(cell, fields, { amount: gross, currency: netCurrency }, toAmount),
    ...{ fee, net, netCurrency, feeOff: gross - fee - net },
    payout: firstOf(cell(fields, 'automatic_payout_id')),
    occurredAtMs: toInstant(cell(fields, 'created_utc')),
  }
  // The two reports have a payout under one id, so that it is not booked twice.
  if (kind === 'payout' && source !== '') {
    return { ...line, lineId: category === 'payout' ? source : `${source}:reversal`, payout: source }
  }
  return {
    ...line,
    paymentRef: firstOf(cell(fields, 'payment_intent_id'), cell(fields, 'charge_id')),
    operationRef: kind === 'refund' ? firstOf(source) : undefined,
    ownRef: firstOf(cell(fields, 'payment_metadata[payment_id]')),
  }
}

/** What the payer has paid, which is in another currency where Stripe has converted it. */
function paid(
  cell: Cells<Name>,
  fields: readonly string[],
  gross: { amount: number; currency: string },
  toAmount: ToAmount,
): { amount: number; currency: string } {
  const currency = cell(fields, 'customer_facing_currency').toUpperCase()
  if (currency === '' || currency === gross.currency) return gross
  const amount = Math.abs(toAmount(cell(fields, 'customer_facing_amount'), currency))
  return { amount: gross.amount < 0 ? -amount : amount, currency }
}
