import { Type } from 'typebox'
import { endOfLines, nullable, time } from '../platform/view.ts'
import type { Balance } from './balances.ts'
import type { StoredTransfer } from './queries.ts'
import { transferKinds } from './transfer.ts'

/**
 * Transfers and balances as they are answered. Amounts are exact integers in the currency's minor unit, written as JSON numbers of any
 * length: sums may exceed 2^53, where a reader that makes doubles of them rounds.
 */

const account = (description: string) =>
  Type.String({ description, examples: ['receivable', 'revenue', 'clearing:stripe'] })
const currency = Type.String({ description: 'ISO 4217' })
const amount = (description: string, said: { minimum?: number } = { minimum: 0 }) =>
  Type.Integer({
    ...said,
    format: 'int64',
    description: `${description}, in the currency's minor unit; exact, also beyond 2^53`,
  })

export const transferView = Type.Object(
  {
    id: Type.String({ description: 'Made of what is booked, so that nothing is booked twice' }),
    kind: Type.Enum(Object.keys(transferKinds), { title: 'TransferKind' }),
    debit: account('The account that is debited'),
    credit: account('The account that is credited'),
    currency,
    amount: amount('How much', { minimum: 1 }),
    order_uid: nullable(Type.String(), { description: 'The order that it belongs to' }),
    payment_id: nullable(Type.String(), { description: 'The payment that it belongs to' }),
    operation_id: nullable(Type.String(), { description: 'The operation of the payment that it books' }),
    orders: nullable(Type.Integer({ minimum: 1 }), { description: 'How many orders that arrived paid it stands for' }),
    recorded_at: time(),
  },
  { title: 'Transfer', description: 'Money that moved from one account to another; never changed and never removed' },
)

export const transfersEndView = endOfLines('TransfersEnd')

export const balanceView = Type.Object(
  {
    account: account('The account'),
    currency,
    debits: amount('What it was debited in all'),
    credits: amount('What it was credited in all'),
    balance: amount('Debits less credits: below 0 for accounts such as revenue', {}),
  },
  { title: 'AccountBalance', description: 'What an account was debited and credited' },
)

/** A transfer as JSON. The driver's text of an amount is written as it is: no number of JavaScript holds all of them. */
export function transferJson({ amount: digits, ...transfer }: StoredTransfer): string {
  const before = { id: transfer.transferId, kind: transfer.kind, debit: transfer.debit, credit: transfer.credit }
  const behind = {
    order_uid: transfer.orderUid,
    payment_id: transfer.paymentId,
    operation_id: transfer.operationId,
    orders: transfer.orders,
    recorded_at: transfer.recordedAt.toISOString(),
  }
  const head = JSON.stringify({ ...before, currency: transfer.currency }).slice(0, -1)
  return `${head},"amount":${digits},${JSON.stringify(behind).slice(1)}`
}

/** A balance as JSON, with the same care. */
export function balanceJson({ account: name, currency: code, debits, credits, balance }: Balance): string {
  const head = JSON.stringify({ account: name, currency: code }).slice(0, -1)
  return `${head},"debits":${debits},"credits":${credits},"balance":${balance}}`
}
