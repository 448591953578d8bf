/** Transfers of the ledger: double entry, after the chart of accounts below. Amounts are in the currency's minor unit. */

/**
 * The chart of accounts. Those with a provider are written `clearing:stripe`.
 *
 * - `receivable`: what customers owe. Debited by a sale, credited by a captured payment.
 * - `revenue`: what was sold. A sale that is cancelled before it is paid is reversed.
 * - `refunds`: what was paid back for sales; deducted from the revenue.
 * - `clearing:<provider>`: what a provider holds for us.
 * - `fees:<provider>`: what it kept for its services.
 * - `disputes:<provider>`: what payers' banks have taken back.
 * - `suspense:<provider>`: money that belongs to no order that is open.
 * - `payouts:<provider>`: what it has paid out to the bank account.
 */
export const plainAccounts = ['receivable', 'revenue', 'refunds'] as const
export const providerAccounts = ['clearing', 'fees', 'disputes', 'suspense', 'payouts'] as const
export type Account = (typeof plainAccounts)[number] | `${(typeof providerAccounts)[number]}:${string}`

/** What transfers are made for, with the accounts that each debits and credits. */
export const transferKinds = {
  sale: { debit: 'receivable', credit: 'revenue' },
  sale_reversal: { debit: 'revenue', credit: 'receivable' },
  capture: { debit: 'clearing', credit: 'receivable' },
  refund: { debit: 'refunds', credit: 'clearing' },
  /** A refund that failed after it had succeeded. */
  refund_reversal: { debit: 'clearing', credit: 'refunds' },
  /** Money for an order that is cancelled or expired, or beyond the order's amount. */
  suspense: { debit: 'clearing', credit: 'suspense' },
  suspense_refund: { debit: 'suspense', credit: 'clearing' },
  suspense_refund_reversal: { debit: 'clearing', credit: 'suspense' },
  /** Kept after all: a person has decided so. */
  suspense_release: { debit: 'suspense', credit: 'revenue' },
  dispute: { debit: 'disputes', credit: 'clearing' },
  dispute_reversal: { debit: 'clearing', credit: 'disputes' },
  fee: { debit: 'fees', credit: 'clearing' },
  fee_reversal: { debit: 'clearing', credit: 'fees' },
  payout: { debit: 'payouts', credit: 'clearing' },
  payout_reversal: { debit: 'clearing', credit: 'payouts' },
} as const satisfies Record<string, { debit: AccountName; credit: AccountName }>
export type TransferKind = keyof typeof transferKinds

type AccountName = (typeof plainAccounts)[number] | (typeof providerAccounts)[number]

/** Money that moves from one account to another. It is never changed and never removed. */
export type Transfer = Readonly<{
  /** Made of what is booked, such as the id of an operation, so that nothing is booked twice. */
  transferId: string
  kind: TransferKind
  /** The provider whose accounts it moves; undefined for a sale. */
  provider: string | undefined
  currency: string
  /** More than 0. */
  amount: number | bigint
  orderUid: string | undefined
  paymentId: string | undefined
  operationId: string | undefined
  /** How many orders that arrived paid it stands for. */
  orders: number | undefined
  recordedAt: Date
}>

/** The two accounts of a transfer. @throws RangeError when the kind needs a provider and there is none */
export function accountsOf({ kind, provider }: Pick<Transfer, 'kind' | 'provider'>): {
  debit: Account
  credit: Account
} {
  const { debit, credit } = transferKinds[kind]
  return { debit: accountOf(debit, provider), credit: accountOf(credit, provider) }
}

function accountOf(name: AccountName, provider: string | undefined): Account {
  const plain = plainAccounts.find(account => account === name)
  if (plain !== undefined) return plain
  if (provider === undefined) throw new RangeError(`a transfer that moves ${name} names its provider`)
  return `${name as (typeof providerAccounts)[number]}:${provider}`
}
