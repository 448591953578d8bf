import { describe, expect, test } from 'bun:test'
import { after, begun, contextAt, inStatus, nowMs, orderOf, paymentOf, reportOf } from '../../test/payment-values.ts'
import { availableActionsOf } from './amounts.ts'
import type { OrderPayments } from './changes.ts'
import { decideOperate } from './decide-operate.ts'
import { decideRecord } from './decide-record.ts'
import { decideReport } from './decide-report.ts'
import { type Payment, paymentStates } from './payment.ts'
import { isRecordedPayment, type PaymentReport } from './provider.ts'
import { isClosed } from './totals.ts'
import { providers } from '../../test/payment-values.ts'

/** Every state against what is asked of it: `+` it is sent, `=` done at once, `-` refused, `busy` or `more` refused for what is under way. */
const table = `
                        capture  void  refund  record
  sent                  busy     busy  -       -
  processing            -        +     -       -
  requires_action       -        +     -       -
  authorized            +        +     -       -
  partially_captured    +        +     +       -
  captured              -        -     +       -
  failed                -        -     -       -
  voided                -        -     -       -
  expired               -        -     -       -
  capturing             busy     busy  -       -
  voiding               busy     busy  -       -
  refunding             -        -     more    -
  refunded              -        -     more    -
  cancelled_authorized  -        busy  -       -
  manual                -        =     -       =
  manual_captured       -        -     -       =
  manual_voided         -        -     -       =`

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map(line => line.trim().split(/\s+/))

function reported(before: OrderPayments, report: Partial<PaymentReport>): OrderPayments {
  return after(
    before,
    decideReport(before, { paymentId: 'pay', report: reportOf(report), askedAtMs: nowMs }, contextAt()),
  )
}

function asked(before: OrderPayments, kind: 'capture' | 'void' | 'refund'): OrderPayments {
  const input = { paymentId: 'pay', operationId: `first-${kind}`, kind, reason: '', actor: 'shop' }
  return after(before, decideOperate(before, input, contextAt()))
}

function recorded(before: OrderPayments): OrderPayments {
  const input = { paymentId: 'pay', operationId: 'rec', kind: 'capture' as const, amount: undefined }
  return after(before, decideRecord(before, { ...input, reason: '', actor: '', rids: [], reference: 'r' }, contextAt()))
}

const manual = begun(orderOf(), { capture: 'manual' })
const byHand = begun(orderOf(), { provider: 'manual' })
const authorized = reported(manual, {})
const captured = reported(manual, { captured: 100 })

/** A payment in each of the states. */
const cases: Record<string, OrderPayments> = {
  sent: manual,
  processing: reported(manual, { authorization: { state: 'processing' } }),
  requires_action: reported(manual, { authorization: { state: 'requires_action', nextAction: undefined } }),
  authorized,
  partially_captured: reported(manual, { captured: 40 }),
  captured,
  failed: reported(manual, { authorization: { state: 'failed', failure: { code: 'declined', message: 'no' } } }),
  voided: reported(manual, { authorization: { state: 'voided', amount: 100 } }),
  expired: reported(manual, { authorization: { state: 'expired', amount: 100 } }),
  capturing: asked(authorized, 'capture'),
  voiding: asked(authorized, 'void'),
  refunding: asked(captured, 'refund'),
  refunded: reported(captured, { captured: 100, refunds: [{ ref: 're', amount: 100, state: 'succeeded' }] }),
  cancelled_authorized: inStatus(asked(authorized, 'void'), 'cancelled'),
  manual: byHand,
  manual_captured: recorded(byHand),
  manual_voided: asked(byHand, 'void'),
}

const shown: Record<string, string> = {
  PAYMENT_STATE_REFUSED: '-',
  PAYMENT_IN_PROGRESS: 'busy',
  REFUND_EXCEEDS_CAPTURED: 'more',
  CAPTURE_EXCEEDS_AUTHORIZED: 'more',
}

function outcomeOf(before: OrderPayments, action: string): string {
  const given = { paymentId: 'pay', operationId: 'op', reason: '', actor: 'shop' }
  const decision =
    action === 'record'
      ? decideRecord(before, { ...given, kind: 'capture', amount: 10, rids: [], reference: undefined }, contextAt())
      : decideOperate(before, { ...given, kind: action as 'capture' | 'void' | 'refund' }, contextAt())
  if (decision.kind === 'refused') return shown[decision.code] ?? decision.code
  if (decision.kind === 'unchanged') return decision.kind
  return decision.changes.operations.some(({ state }) => state === 'sent') ? '+' : '='
}

test('the table names every state of a payment', () => {
  expect(paymentStates.filter(state => !rows.some(([name]) => name === state))).toEqual([])
  for (const state of paymentStates) expect(paymentOf(cases[state] ?? manual).state).toBe(state)
})

function actionsOf(before: OrderPayments, payment: Payment): readonly string[] {
  const isRecorded = isRecordedPayment(payment, providers)
  const isOrderClosed = isClosed(before.order.state.status)
  return availableActionsOf(payment, { isOrderClosed, isRecorded, operations: before.operations })
}

describe.each(rows)('of a payment that is %s', (name, ...results) => {
  const before = cases[name ?? ''] ?? manual
  test.each(results.map((expected, column) => [head[column] ?? '', expected] as const))(
    '%s: %s',
    (action, expected) => {
      expect(outcomeOf(before, action)).toBe(expected)
      const isAvailable = actionsOf(before, paymentOf(before)).includes(action)
      expect(isAvailable).toBe(expected === '+' || expected === '=')
    },
  )
})

describe('what is under way counts', () => {
  const refund = (before: OrderPayments, operationId: string, amount: number | undefined) =>
    decideOperate(
      before,
      { paymentId: 'pay', operationId, kind: 'refund', amount, reason: 'damaged', actor: 'shop' },
      contextAt(),
    )

  test('two refunds of 60 of a payment of 100', () => {
    const once = after(captured, refund(captured, 'r1', 60))
    expect(paymentOf(once).pendingRefund).toBe(60)
    expect(refund(once, 'r2', 60)).toMatchObject({ kind: 'refused', code: 'REFUND_EXCEEDS_CAPTURED' })
    // The rest goes side by side with it.
    const twice = after(once, refund(once, 'r2', 40))
    expect(paymentOf(twice).pendingRefund).toBe(100)
    expect(refund(twice, 'r3', undefined)).toMatchObject({ code: 'REFUND_EXCEEDS_CAPTURED' })
  })

  test('fifty refunds at once pay back exactly what was captured', () => {
    let [state, accepted] = [captured, 0]
    for (let number = 0; number < 50; number += 1) {
      const decision = refund(state, `r${number}`, 7)
      if (decision.kind === 'changed') state = after(state, decision)
      accepted += decision.kind === 'changed' ? 7 : 0
    }
    expect([accepted, paymentOf(state).pendingRefund]).toEqual([98, 98])
    expect(paymentOf(after(state, refund(state, 'last', undefined))).pendingRefund).toBe(100)
  })

  test('a capture of more than is held, and an amount that the provider cannot write, are refused before anything is sent', () => {
    const capture = (amount: number) =>
      decideOperate(
        authorized,
        { paymentId: 'pay', operationId: 'c', kind: 'capture', amount, reason: '', actor: '' },
        contextAt(),
      )
    expect(capture(101)).toMatchObject({ code: 'CAPTURE_EXCEEDS_AUTHORIZED' })
    expect(capture(13)).toMatchObject({ code: 'AMOUNT_UNREPRESENTABLE' })
    expect(refund(captured, 'r', 13)).toMatchObject({ code: 'AMOUNT_UNREPRESENTABLE' })
  })

  test('a capture of a cancelled order is refused', () => {
    expect(outcomeOf(inStatus(authorized, 'cancelled'), 'capture')).toBe('-')
  })
})
