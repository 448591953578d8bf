/** Settlement files: what a provider says it has settled, line by line. Amounts are in the currency's minor unit. */

export const lineKinds = ['payment', 'refund', 'dispute', 'fee', 'payout', 'other'] as const
/** `other`: money that the books have no account for, or a line that names no payment. It counts in the sum of its payout. */
export type LineKind = (typeof lineKinds)[number]

/** Whether a line of the kind is compared with a payment. */
export function isOfPayment(kind: LineKind): boolean {
  return kind === 'payment' || kind === 'refund' || kind === 'dispute'
}

/** A line of a settlement file. */
export type SettlementLine = Readonly<{
  /** Its id at the provider: a line that comes again, in this file or in another, is the same. */
  lineId: string
  kind: LineKind
  /** What the provider calls the payment, and the capture or refund. */
  paymentRef?: string | undefined
  operationRef?: string | undefined
  /** Our own id, of a payment, an operation or an order that arrived paid. */
  ownRef?: string | undefined
  /** What the payment, refund or dispute comes to, in the payer's currency: positive where the provider owes it to us. */
  amount: number
  currency: string
  /** What the provider keeps; negative for a fee that it gives back. Like `net` in the currency that is paid out. */
  fee: number
  /** What the line adds to the payout; negative for a payout itself. */
  net: number
  netCurrency: string
  /** By how much the amount less the fee is not what is paid out. */
  feeOff: number
  /** The id of the payout that it belongs to, or is. */
  payout?: string | undefined
  occurredAtMs?: number | undefined
}>

/** What becomes of a line that names a payment, or of a payment that no line names. */
export const results = [
  'matched',
  'missing_here',
  'missing_there',
  'amount_differs',
  'fee_differs',
  'currency_differs',
  'duplicate',
] as const
export type Result = (typeof results)[number]

/** In which payments are expected to be settled. */
export type Period = Readonly<{ fromMs: number; toMs: number }>

/** The file is not what it must be: nothing of it is used. */
export class SettlementFileError extends Error {
  override readonly name = 'SettlementFileError'
}
