import { describe, expect, test } from 'bun:test'
import { newPayment } from './new-payment.ts'
import { actionsFor, amountToRefund, availableIssueActions, type IssueSubject } from './issue-actions.ts'
import type { Payment } from './payment.ts'
import { type IssueKind, issueKinds } from './views.ts'

const disputes = [{ paymentId: 'pay', ref: 'dp' }]
const issueOf = (kind: IssueKind, subject: string, amount?: number): IssueSubject => ({
  kind,
  subject,
  paymentId: 'pay',
  amount,
})

describe('the actions of an issue by what it is about', () => {
  // The issue's own payment, an operation of it, a dispute of it, its currency, and what else the provider has under its id.
  const subjects = ['pay', 'op_1', 'pay:dp', 'pay:currency', 'pay:other'] as const
  const table: Readonly<Record<IssueKind, readonly string[]>> = {
    unmatched_money: ['', 'void', 'refund', '', ''],
    late_payment: ['void', ...subjects.slice(1).map(() => 'refund accept')],
    overpaid: ['void', ...subjects.slice(1).map(() => 'refund accept')],
    amount_mismatch: ['capture void', '', '', 'void', ''],
    unknown_outcome: ['', '', '', '', ''],
    refund_failed: subjects.map(() => 'retry'),
    dispute: ['', '', '', '', ''],
    authorization_expiring: subjects.map(() => 'capture void'),
  }
  for (const kind of issueKinds)
    test(kind, () => {
      const actions = subjects.map(subject => actionsFor(issueOf(kind, subject), disputes))
      expect(actions.map(list => list.slice(0, -1).join(' '))).toEqual([...table[kind]])
      expect(actions.map(list => list.at(-1))).toEqual(subjects.map(() => 'dismiss'))
    })
})

const begun = { orderUid: 'order', paymentId: 'pay', provider: 'called', currency: 'USD', amount: 100 }
const paymentOf = (change: Partial<Payment>): Payment => ({
  ...newPayment({ ...begun, capture: 'manual' }, 0),
  authorized: 100,
  captured: 100,
  state: 'captured',
  ...change,
})

describe('what the payment allows now', () => {
  const late = issueOf('late_payment', 'op_1', 40)
  const rows: [name: string, change: Partial<Payment>, actions: string[], amount: number][] = [
    ['what is suspended', { suspended: 100 }, ['refund', 'accept', 'dismiss'], 40],
    [
      'less is left of it',
      { suspended: 100, suspendedRefunded: 70, refunded: 70 },
      ['refund', 'accept', 'dismiss'],
      30,
    ],
    ['some is on its way back', { suspended: 100, pendingRefund: 70 }, ['refund', 'dismiss'], 30],
    ['all is on its way back', { suspended: 100, pendingRefund: 100 }, ['dismiss'], 0],
    ['it was accepted', { suspended: 100, accepted: 100 }, ['dismiss'], 0],
  ]
  for (const [name, change, actions, amount] of rows)
    test(`of late money: ${name}`, () => {
      const payment = paymentOf(change)
      const surroundings = { payment, disputes, operations: [], isOrderClosed: true, isRecorded: false }
      expect(availableIssueActions(late, surroundings)).toEqual(actions as never)
      expect(amountToRefund(late, payment)).toBe(amount)
      expect(availableIssueActions(late, { ...surroundings, isRecorded: true })).not.toContain('refund')
    })

  test('nothing of a payment that is not here', () => {
    expect(availableIssueActions(late, undefined)).toEqual(['dismiss'])
  })
})
