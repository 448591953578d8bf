import type { Static } from 'typebox'
import type { balanceView, transferView } from '../../src/ledger/views.ts'
import { money } from '../platform/money.ts'
import { parseExactly } from '../platform/exact-json.ts'
import { texts } from './texts.ts'

/** A balance and a transfer as the API gives them, but amounts as text, in the minor unit. */
export type Balance = Texts<Static<typeof balanceView>, 'debits' | 'credits' | 'balance'> & { id: string }
export type Transfer = Texts<Static<typeof transferView>, 'amount'>
type Texts<View, Amounts extends keyof View> = Omit<View, Amounts> & Record<Amounts, string>

export function readBalances(text: string): Balance[] {
  const balances = parseExactly(text) as Omit<Balance, 'id'>[]
  return balances.map(balance => ({ ...balance, id: `${balance.account} ${balance.currency}` }))
}

export function readTransfers(text: string): Transfer[] {
  return parseExactly(text) as Transfer[]
}

/** A balance in words: on which side how much is left. */
export function balanceText(balance: bigint, currency: string): string {
  if (balance === 0n) return money(0, currency)
  const [amount, side] = balance < 0n ? [-balance, texts.credit] : [balance, texts.debit]
  return `${money(String(amount), currency)} ${side}`
}

/** The entries of one account, oldest first: debits on the left, credits on the right. */
export type TAccount = {
  account: string
  currency: string
  debits: readonly Transfer[]
  credits: readonly Transfer[]
}

/** Posts transfers to their accounts, in the order in which the accounts first appear. */
export function tAccountsOf(transfers: readonly Transfer[]): TAccount[] {
  const names = new Map<string, Pick<TAccount, 'account' | 'currency'>>()
  for (const { debit, credit, currency } of transfers) {
    for (const account of [debit, credit]) names.set(`${account} ${currency}`, { account, currency })
  }
  return [...names.values()].map(({ account, currency }) => {
    const ours = transfers.filter(transfer => transfer.currency === currency)
    return {
      account,
      currency,
      debits: ours.filter(({ debit }) => debit === account),
      credits: ours.filter(({ credit }) => credit === account),
    }
  })
}

/** The sum of amounts that are text. */
export function sumOf(amounts: readonly string[]): bigint {
  return amounts.reduce((sum, amount) => sum + BigInt(amount), 0n)
}
