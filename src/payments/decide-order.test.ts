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
import type { OrderPayments, PaymentRules } from './changes.ts'
import { decideAccept } from './decide-accept.ts'
import { decideDueLook } from './decide-look.ts'
import { decideOperate } from './decide-operate.ts'
import { decideOrderChange } from './decide-order.ts'
import { decideOutcome } from './decide-outcome.ts'
import { decideRecord } from './decide-record.ts'
import { decideReport } from './decide-report.ts'
import { newPayment } from './new-payment.ts'
import type { PaymentReport } from './provider.ts'

const hourMs = 60 * 60_000

function apply(before: OrderPayments, report: Partial<PaymentReport>, rules: Partial<PaymentRules> = {}) {
  return decideReport(before, { paymentId: 'pay', report: reportOf(report), askedAtMs: nowMs }, contextAt(nowMs, rules))
}

function cancel(before: OrderPayments) {
  const cancelled = inStatus(before, 'cancelled')
  const input = { statusBefore: before.order.state.status, reason: 'changed their mind', actor: 'support' }
  return [cancelled, decideOrderChange(cancelled, input, contextAt())] as const
}

const manual = begun(orderOf(), { capture: 'manual' })
const authorized = after(manual, apply(manual, {}))
const captured = after(manual, apply(manual, { captured: 100 }))
const partly = after(manual, apply(manual, { captured: 40 }))

describe('an order that is cancelled', () => {
  const requested = (before: OrderPayments) =>
    changesOf(cancel(before)[1]).operations.map(({ kind, amount, state, actor }) =>
      [kind, amount, state, actor].join(' '),
    )

  test('has what is authorized voided and what was captured refunded by the worker, and the rest of its sale reversed', () => {
    expect(requested(authorized)).toEqual(['void 100 requested support'])
    expect(requested(captured)).toEqual(['refund 100 requested support'])
    expect(requested(partly)).toEqual(['refund 40 requested support', 'void 60 requested support'])
    const changes = changesOf(cancel(partly)[1])
    expect(changes.transfers).toMatchObject([
      { kind: 'sale_reversal', amount: 60, transferId: 'order-1:sale_reversal' },
    ])
  })

  test('waits for what is open: a captured charge is not orphaned on a cancelled order', () => {
    const asked = {
      paymentId: 'pay',
      operationId: 'c',
      kind: 'capture' as const,
      amount: 70,
      reason: '',
      actor: 'shop',
    }
    const capturing = after(authorized, decideOperate(authorized, asked, contextAt()))
    const [cancelled, decision] = cancel(capturing)
    // Nothing is asked for while the capture is on its way.
    expect(decision.kind).toBe('unchanged')
    const changes = changesOf(apply(cancelled, { captured: 70 }))
    expect(changes.transfers).toMatchObject([{ kind: 'suspense', amount: 70 }])
    expect(changes.issues.map(({ kind, amount }) => [kind, amount])).toEqual([['late_payment', 70]])
    const sentBack = changes.operations.filter(({ state }) => state === 'requested')
    expect(sentBack.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['void', 30],
      ['refund', 70],
    ])
    // What has gone back is nobody's work any more.
    const back = after(cancelled, apply(cancelled, { captured: 70 }))
    expect(back.order.state.paymentStatus).toBe('partially_paid')
    const refunds = [{ ref: 're', operationId: sentBack[1]?.operationId, amount: 70, state: 'succeeded' as const }]
    const end = changesOf(apply(back, { authorization: { state: 'voided', amount: 100 }, captured: 70, refunds }))
    expect(end.settled.map(({ kind }) => kind)).toEqual(['late_payment'])
    expect(end.transfers).toMatchObject([{ kind: 'suspense_refund', amount: 70 }])
    expect(end.order?.paymentStatus).toBe('refunded')
  })

  test('keeps late money for a person with PAYMENT_LATE_POLICY=hold, who accepts it or sends it back', () => {
    const [cancelled] = cancel(manual)
    const late = apply(cancelled, { captured: 100 }, { latePolicy: 'hold' })
    expect(changesOf(late).operations.filter(({ state }) => state === 'requested')).toEqual([])
    const held = after(cancelled, late)
    expect(held.order.state.paymentStatus).toBe('paid')
    const accepted = changesOf(decideAccept(held, 'pay', contextAt()))
    expect(accepted.transfers).toMatchObject([
      { kind: 'suspense_release', amount: 100, transferId: 'pay:accepted:100' },
    ])
    expect(accepted.settled.map(({ kind }) => kind)).toEqual(['late_payment'])
    const kept = after(held, decideAccept(held, 'pay', contextAt()))
    expect(decideAccept(kept, 'pay', contextAt())).toMatchObject({ code: 'PAYMENT_STATE_REFUSED' })
    // Refunded after all, it comes out of the revenue that it has become.
    const asked = { paymentId: 'pay', operationId: 'r', kind: 'refund' as const, reason: '', actor: 'support' }
    const refunding = after(kept, decideOperate(kept, asked, contextAt()))
    const refunds = [{ ref: 're', operationId: 'r', amount: 100, state: 'succeeded' as const }]
    expect(changesOf(apply(refunding, { captured: 100, refunds })).transfers).toMatchObject([
      { kind: 'refund', amount: 100 },
    ])
  })

  test('has a void that was refused told to a person, and not asked for again', () => {
    const [cancelled, decision] = cancel(authorized)
    const voiding = after(cancelled, decision)
    const [operation] = changesOf(decision).operations
    const look = (before: OrderPayments, askedAtMs: number) =>
      decideReport(before, { paymentId: 'pay', report: reportOf({}), askedAtMs }, contextAt(askedAtMs))
    const sent = {
      ...voiding,
      operations: voiding.operations.map(one =>
        one.operationId === operation?.operationId ? { ...one, state: 'sent' as const, sentAtMs: nowMs } : one,
      ),
    }
    const over = look(sent, nowMs + 25 * hourMs)
    expect(changesOf(over).issues.map(({ kind, amount }) => [kind, amount])).toEqual([['unmatched_money', 100]])
    expect(changesOf(over).operations.map(({ kind, state }) => [kind, state])).toEqual([['void', 'failed']])
    const told = after(sent, over)
    expect(look(told, nowMs + 26 * hourMs)).toEqual({ kind: 'unchanged' })
  })

  test('whose void failed before, when it was open, is voided all the same, and a person is told if that fails too', () => {
    const asked = { paymentId: 'pay', operationId: 'v', kind: 'void' as const, reason: '', actor: 'ada' }
    const voiding = after(authorized, decideOperate(authorized, asked, contextAt()))
    const refused = { kind: 'refused' as const, failure: { code: 'busy', message: 'Not now.' } }
    const answer = (before: OrderPayments, operationId: string) =>
      decideOutcome(before, { operationId, outcome: refused, askedAtMs: nowMs }, contextAt())
    const failed = after(voiding, answer(voiding, 'v'))
    expect(requested(failed)).toEqual(['void 100 requested support'])
    const [cancelled, decision] = cancel(failed)
    const again = after(cancelled, decision)
    const told = changesOf(answer(again, 'op_1'))
    expect(told.issues.map(({ kind, subject, amount }) => [kind, subject, amount])).toEqual([
      ['unmatched_money', 'op_1', 100],
    ])
    // The order was cancelled while a capture was on its way, and the void of the rest had failed before.
    const capture = { ...asked, operationId: 'c', kind: 'capture' as const, amount: 40 }
    const capturing = after(failed, decideOperate(failed, capture, contextAt()))
    const late = changesOf(apply(cancel(capturing)[0], { captured: 40 }))
    expect(late.issues.map(({ kind, subject, amount }) => [kind, subject, amount])).toEqual([
      ['late_payment', 'c', 40],
      ['unmatched_money', 'v', 60],
    ])
  })

  test('that was paid outside is paid back by hand, and then recorded', () => {
    const order = orderOf({ state: { status: 'confirmed', paymentStatus: 'paid', deliveryStatus: 'unfulfilled' } })
    const arrived = {
      ...newPayment(
        {
          orderUid: 'order-1',
          paymentId: 'order-1',
          provider: 'called',
          currency: 'USD',
          amount: 100,
          capture: 'automatic',
        },
        nowMs,
      ),
      state: 'captured' as const,
      authorized: 100,
      captured: 100,
    }
    const before: OrderPayments = { ...order, payments: [arrived], isSold: true }
    const [cancelled, decision] = cancel(before)
    expect(changesOf(decision).issues.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['unmatched_money', 'order-1'],
    ])
    expect(changesOf(decision)).toMatchObject({ operations: [], payments: [{ paymentId: 'order-1', version: 0 }] })
    const told = after(cancelled, decision)
    const record = {
      paymentId: 'order-1',
      operationId: 'r',
      kind: 'refund' as const,
      amount: undefined,
      reason: 'cash',
    }
    const paidBack = decideRecord(told, { ...record, actor: 'till', rids: [], reference: 'slip 7' }, contextAt())
    expect(changesOf(paidBack).transfers).toMatchObject([{ kind: 'refund', amount: 100 }])
    expect(changesOf(paidBack).settled.map(({ kind }) => kind)).toEqual(['unmatched_money'])
    expect(after(told, paidBack).order.state.paymentStatus).toBe('refunded')
    // One that was placed before the books began is booked with the first money that moves.
    const unbooked = { ...cancelled, isSold: false }
    const first = decideRecord(unbooked, { ...record, actor: 'till', rids: [], reference: undefined }, contextAt())
    expect(changesOf(first).transfers.map(({ kind, amount, transferId }) => [kind, amount, transferId])).toEqual([
      ['refund', 100, 'r'],
      ['capture', 100, 'order-1:arrival'],
      ['sale', 100, 'order-1:sale'],
    ])
  })
})

test('an order that is confirmed by hand is sold, and not twice', () => {
  const confirmed = inStatus(orderOf(), 'confirmed')
  const input = { statusBefore: 'pending' as const, reason: 'by phone', actor: 'support' }
  const decision = decideOrderChange(confirmed, input, contextAt())
  expect(changesOf(decision).transfers).toMatchObject([{ kind: 'sale', amount: 100, transferId: 'order-1:sale' }])
  expect(decideOrderChange(after(confirmed, decision), input, contextAt()).kind).toBe('unchanged')
  const paid = begun(after(confirmed, decision))
  const kinds = changesOf(apply(paid, { captured: 100 })).transfers.map(({ kind }) => kind)
  expect(kinds).toEqual(['capture'])
})

test('an order that is refunded and paid again is sold again for that amount', () => {
  const refunds = [{ ref: 're', amount: 100, state: 'succeeded' as const }]
  const again = begun(after(captured, apply(captured, { captured: 100, refunds })), { paymentId: 'pay2' })
  const report = reportOf({ providerRef: 'ref2', captured: 100 })
  const changes = changesOf(decideReport(again, { paymentId: 'pay2', report, askedAtMs: nowMs }, contextAt()))
  expect(changes.transfers.map(({ kind, amount }) => [kind, amount])).toEqual([
    ['capture', 100],
    ['sale', 100],
  ])
  expect(changes.transfers[1]?.transferId).not.toBe('order-1:sale')
})

test('CONFIRM_ON=covered confirms an order with its authorization, paid with its capture', () => {
  expect(changesOf(apply(manual, {})).order).toMatchObject({ paymentStatus: 'authorized', confirm: false })
  expect(changesOf(apply(manual, {}, { confirmOn: 'covered' })).order).toMatchObject({ confirm: true })
  expect(changesOf(apply(manual, { captured: 40 })).order).toMatchObject({
    paymentStatus: 'partially_paid',
    confirm: false,
  })
})

test('a person is told 24 hours before an authorization ends, once, and its end is the word of the provider', () => {
  const untilMs = nowMs + 48 * hourMs
  const limited = after(manual, apply(manual, { authorization: { state: 'authorized', amount: 100, untilMs } }))
  expect(paymentOf(limited).nextLookAtMs).toBe(untilMs - 24 * hourMs)
  const due = decideDueLook(limited, 'pay', contextAt(untilMs - 24 * hourMs))
  expect(changesOf(due).issues.map(({ kind, amount }) => [kind, amount])).toEqual([['authorization_expiring', 100]])
  const told = after(limited, due)
  const later = decideDueLook(told, 'pay', contextAt(untilMs + hourMs))
  expect(changesOf(later).issues).toEqual([])
  expect(paymentOf(after(told, later))).toMatchObject({ state: 'authorized', nextLookAtMs: untilMs + 2 * hourMs })
  const expired = changesOf(apply(told, { authorization: { state: 'expired', amount: 100 } }))
  expect(expired.events.map(({ definition }) => definition.type)).toEqual(['payment.authorization_expired'])
  expect(expired.settled).toEqual([{ kind: 'authorization_expiring', subject: 'pay' }])
  expect(expired.order?.paymentStatus).toBe('voided')
})

test.each([
  ['of 30 hours: after 15', 30 * hourMs, 0, 15 * hourMs],
  ['of a minute: after 30 seconds', 60_000, 0, 30_000],
  ['of an hour, reported when 50 minutes of it are over: at once', hourMs, 50 * 60_000, undefined],
])('an authorization %s', (_, lastsMs, passedMs, toldAfterMs) => {
  const authorization = { state: 'authorized' as const, amount: 100, untilMs: nowMs + lastsMs }
  const decision = decideReport(
    manual,
    { paymentId: 'pay', report: reportOf({ authorization }), askedAtMs: nowMs },
    contextAt(nowMs + passedMs),
  )
  const isTold = (of: typeof decision) => changesOf(of).issues.some(({ kind }) => kind === 'authorization_expiring')
  const held = after(manual, decision)
  expect(isTold(decision)).toBe(toldAfterMs === undefined)
  if (toldAfterMs === undefined) return
  expect(paymentOf(held).nextLookAtMs).toBe(nowMs + toldAfterMs)
  const due = decideDueLook(held, 'pay', contextAt(nowMs + toldAfterMs))
  expect(isTold(due)).toBe(true)
  // It is looked at when it should be over.
  expect(paymentOf(after(held, due)).nextLookAtMs).toBe(nowMs + lastsMs)
})

test('a final capture leaves nothing held: what the provider has not released with it is voided', () => {
  const asked = {
    paymentId: 'pay',
    operationId: 'c',
    kind: 'capture' as const,
    amount: 40,
    isFinal: true,
    reason: '',
    actor: '',
  }
  const capturing = after(authorized, decideOperate(authorized, asked, contextAt()))
  expect(operationOf(capturing, 'c').isFinal).toBe(true)
  const released = apply(capturing, { authorization: { state: 'voided', amount: 100 }, captured: 40 })
  expect(changesOf(released).operations.map(({ kind }) => kind)).toEqual(['capture'])
  expect(paymentOf(after(capturing, released))).toMatchObject({ state: 'captured', released: 60 })
  const kept = changesOf(apply(capturing, { captured: 40 }))
  expect(kept.operations.map(({ kind, amount }) => [kind, amount])).toEqual([
    ['capture', 40],
    ['void', 60],
  ])
})
