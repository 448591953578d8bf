import { describe, expect, test } from 'bun:test'
import {
  after,
  begun,
  changesOf,
  contextAt,
  inStatus,
  nowMs,
  operationOf,
  orderOf,
  paymentOf,
  reportOf,
} from '../../test/payment-values.ts'
import { orderStatuses } from '../orders/order.ts'
import type { OrderPayments } from './changes.ts'
import { decideBegin } from './decide-begin.ts'
import { decideOperate } from './decide-operate.ts'
import { decideRecord } from './decide-record.ts'
import { decideReport } from './decide-report.ts'

function begin(before: OrderPayments, given: Partial<Parameters<typeof decideBegin>[1]> = {}) {
  const input = {
    paymentId: 'pay2',
    operationId: 'auth2',
    provider: 'called',
    amount: undefined,
    capture: 'automatic' as const,
    methodToken: 'tok',
    returnUrl: undefined,
    actor: 'shop',
  }
  return decideBegin(before, { ...input, ...given }, contextAt())
}

const manual = begun(orderOf(), { amount: 60, capture: 'manual' })
const authorized = after(
  manual,
  decideReport(
    manual,
    { paymentId: 'pay', report: reportOf({ authorization: { state: 'authorized', amount: 60 } }), askedAtMs: nowMs },
    contextAt(),
  ),
)

describe('a payment that is begun', () => {
  test('is a payment and an operation that is sent at once, and keeps its order from expiring', () => {
    const changes = changesOf(begin(orderOf()))
    expect(changes.payments).toMatchObject([{ paymentId: 'pay2', state: 'processing', amount: 100, version: 0 }])
    expect(changes.operations).toMatchObject([
      { operationId: 'auth2', kind: 'authorize', state: 'sent', attempts: 1, sentAtMs: nowMs, methodToken: 'tok' },
    ])
    expect(changes.order).toMatchObject({
      paymentStatus: 'unpaid',
      confirm: false,
      pendingUntilMs: nowMs + 60 * 60_000,
    })
    expect(changes.totals).toMatchObject({ open: 100, isSold: false })
    expect([changes.events, changes.transfers]).toEqual([[], []])
  })

  test('a token is kept no longer than it is needed', () => {
    const report = reportOf({ authorization: { state: 'failed', failure: { code: 'declined', message: 'no' } } })
    const sent = begun()
    const decided = decideReport(sent, { paymentId: 'pay', report, askedAtMs: nowMs }, contextAt())
    expect(operationOf(after(sent, decided), 'auth')).toMatchObject({ state: 'failed', methodToken: undefined })
  })

  test.each([
    ['nothing', orderOf(), undefined, 100],
    ['60 under way', manual, undefined, 40],
    ['60 authorized', authorized, undefined, 40],
    ['60 under way', manual, 41, 'PAYMENT_IN_PROGRESS'],
    ['60 under way', manual, 101, 'PAYMENT_EXCEEDS_ORDER'],
    ['60 authorized', authorized, 41, 'PAYMENT_EXCEEDS_ORDER'],
    ['all of it under way', begun(), undefined, 'PAYMENT_IN_PROGRESS'],
    ['an order of 0', orderOf({ amount: 0 }), undefined, 'PAYMENT_EXCEEDS_ORDER'],
    ['an amount that cannot be written', orderOf(), 13, 'AMOUNT_UNREPRESENTABLE'],
  ] as const)('beside %s', (_, before, amount, expected) => {
    const decision = begin(before, { amount })
    const found = decision.kind === 'refused' ? decision.code : changesOf(decision).payments[0]?.amount
    expect(found).toBe(expected)
  })

  test.each([...orderStatuses])('of an order that is %s', status => {
    const isOpen = ['pending', 'confirmed', 'on_hold'].includes(status)
    expect(begin(inStatus(orderOf(), status))).toMatchObject(
      isOpen ? { kind: 'changed' } : { code: 'PAYMENT_STATE_REFUSED' },
    )
  })

  test('by a provider that is not configured', () => {
    expect(begin(orderOf(), { provider: 'none' })).toMatchObject({ code: 'PROVIDER_UNKNOWN' })
  })
})

describe('money that people record', () => {
  const byHand = begun(orderOf(), { provider: 'manual' })
  const record = (before: OrderPayments, kind: 'capture' | 'refund', amount?: number) =>
    decideRecord(
      before,
      {
        paymentId: 'pay',
        operationId: `${kind} ${amount}`,
        kind,
        amount,
        reason: '',
        actor: 'till',
        rids: [],
        reference: 'r7',
      },
      contextAt(),
    )

  test('is authorized from the beginning, and nothing is sent', () => {
    expect(paymentOf(byHand)).toMatchObject({ state: 'authorized', authorized: 100, version: 1 })
    expect(byHand.operations.map(({ state }) => state)).toEqual(['succeeded'])
    const voided = changesOf(
      decideOperate(byHand, { paymentId: 'pay', operationId: 'v', kind: 'void', reason: '', actor: '' }, contextAt()),
    )
    expect(voided.payments).toMatchObject([{ state: 'voided', released: 100 }])
  })

  test('is captured in parts, and confirms the order when all of it has come', () => {
    const some = after(byHand, record(byHand, 'capture', 40))
    expect([paymentOf(some).state, some.order.state.status]).toEqual(['partially_captured', 'pending'])
    const all = after(some, record(some, 'capture'))
    expect([paymentOf(all).state, all.order.state.status, all.order.state.paymentStatus]).toEqual([
      'captured',
      'confirmed',
      'paid',
    ])
    expect(record(all, 'refund', 101)).toMatchObject({ code: 'REFUND_EXCEEDS_CAPTURED' })
    const refunded = after(all, record(all, 'refund', 30))
    expect(operationOf(refunded, 'refund 30')).toMatchObject({ state: 'succeeded', providerRef: 'r7', actor: 'till' })
    expect(refunded.order.state.paymentStatus).toBe('partially_refunded')
  })

  test("is a fact also when it is too much, or late: what is not the order's is suspended", () => {
    const changes = changesOf(record(byHand, 'capture', 120))
    expect(changes.issues.map(({ kind, amount }) => [kind, amount])).toEqual([['overpaid', 20]])
    expect(changes.transfers.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['capture', 100],
      ['suspense', 20],
      ['sale', 100],
    ])
    const late = changesOf(record(inStatus(byHand, 'cancelled'), 'capture', 100))
    expect(late.issues.map(({ kind }) => kind)).toEqual(['late_payment'])
    expect(late.operations.map(({ kind }) => kind)).toEqual(['capture'])
  })

  test('no more than can be counted', () => {
    const much = after(byHand, record(byHand, 'capture', Number.MAX_SAFE_INTEGER))
    expect(record(much, 'capture', 1)).toMatchObject({ code: 'PAYMENT_INVALID' })
  })
})
