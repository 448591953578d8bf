import { describe, expect, test } from 'bun:test'
import {
  after,
  begun,
  changesOf,
  contextAt,
  inStatus,
  keysKeptMs,
  nowMs,
  operationOf,
  orderOf,
  paymentOf,
  reportOf,
} from '../../test/payment-values.ts'
import type { OrderPayments } from './changes.ts'
import { claimOperation } from './claim.ts'
import { decideOperate } from './decide-operate.ts'
import { decideLook, decideOutcome } from './decide-outcome.ts'
import { decideReport } from './decide-report.ts'
import { nextStepOf } from './pauses.ts'
import { type PaymentState, paymentStates } from './payment.ts'
import type { AuthorizationReport, CallOutcome, PaymentReport } from './provider.ts'

const failure = { code: 'declined', message: 'The card was declined.' }
const authorizations: Record<string, [AuthorizationReport, captured: number]> = {
  processing: [{ state: 'processing' }, 0],
  requires_action: [{ state: 'requires_action', nextAction: { type: 'redirect', url: 'https://pay.example.com/' } }, 0],
  authorized: [{ state: 'authorized', amount: 100 }, 0],
  partially_captured: [{ state: 'authorized', amount: 100 }, 40],
  captured: [{ state: 'authorized', amount: 100 }, 100],
  failed: [{ state: 'failed', failure }, 0],
  voided: [{ state: 'voided', amount: 100 }, 0],
  expired: [{ state: 'expired', amount: 100 }, 0],
  released: [{ state: 'voided', amount: 100 }, 40],
}

/** Every state against every report: the state it leads to, '=' when it adds nothing. Money that moved is believed in every state. */
const table = `
                      processing  requires_action  authorized  partially_captured  captured  failed  voided    expired   released
  processing          =           requires_action  authorized  partially_captured  captured  failed  voided    expired   captured
  requires_action     processing  =                authorized  partially_captured  captured  failed  voided    expired   captured
  authorized          =           =                =           partially_captured  captured  =       voided    expired   captured
  partially_captured  =           =                =           =                   captured  =       captured  captured  captured
  captured            =           =                =           =                   =         =       =         =         =
  failed              =           =                authorized  partially_captured  captured  =       voided    expired   captured
  voided              =           =                =           captured            captured  =       =         =         captured
  expired             =           =                =           captured            captured  =       =         =         captured`

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map(line => line.trim().split(/\s+/))

const manual = begun(orderOf(), { capture: 'manual' })

function apply(before: OrderPayments, report: Partial<PaymentReport>, askedAtMs = nowMs, atMs = nowMs) {
  return decideReport(before, { paymentId: 'pay', report: reportOf(report), askedAtMs }, contextAt(atMs))
}

function inState(state: string): OrderPayments {
  const [authorization, captured] = authorizations[state] ?? [{ state: 'processing' }, 0]
  return after(manual, apply(manual, { authorization, captured }))
}

test('the table names every state', () => {
  expect(rows.map(row => row[0] ?? '').sort()).toEqual([...paymentStates].sort())
})

for (const [state = '', ...results] of rows) {
  describe(`a payment that is ${state}`, () => {
    test.each(results.map((expected, column) => [head[column] ?? '', expected] as const))(
      'is reported %s: %s',
      (report, expected) => {
        const before = inState(state)
        const [authorization, captured] = authorizations[report] ?? [{ state: 'processing' }, 0]
        const decision = apply(before, { authorization, captured })
        const found = decision.kind === 'changed' ? paymentOf(after(before, decision)) : paymentOf(before)
        const told =
          decision.kind === 'changed' ? decision.changes.events.length + decision.changes.transfers.length : 0
        expect(found.state).toBe(expected === '=' ? (state as PaymentState) : (expected as PaymentState))
        if (expected === '=') expect(told).toBe(0)
      },
    )
  })
}

describe('the outcome of a call', () => {
  const sent = begun()
  const outcome = (before: OrderPayments, what: CallOutcome, operationId = 'auth', atMs = nowMs) =>
    decideOutcome(before, { operationId, outcome: what, askedAtMs: atMs }, contextAt(atMs))
  const captured = reportOf({ captured: 100 })

  test('an automatic payment is authorized, captured and confirmed in one decision, with two events', () => {
    const changes = changesOf(outcome(sent, { kind: 'reported', report: captured }))
    expect(changes.events.map(({ definition, payment }) => [definition.type, payment.version])).toEqual([
      ['payment.authorized', 1],
      ['payment.captured', 2],
    ])
    expect(changes.transfers.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['capture', 100],
      ['sale', 100],
    ])
    expect(changes.order).toMatchObject({ paymentStatus: 'paid', confirm: true, pendingUntilMs: undefined })
    expect(changes.operations.map(({ kind, state }) => [kind, state])).toEqual([
      ['authorize', 'succeeded'],
      ['capture', 'succeeded'],
    ])
  })

  test('webhook and browser race: whichever comes first books the money, and the other adds nothing', () => {
    const orders = [
      [apply(sent, captured), (state: OrderPayments) => outcome(state, { kind: 'reported', report: captured })],
      [outcome(sent, { kind: 'reported', report: captured }), (state: OrderPayments) => apply(state, captured)],
    ] as const
    const ends = orders.map(([first, second]) => {
      const once = after(sent, first)
      expect(second(once)).toEqual({ kind: 'unchanged' })
      return once
    })
    expect(ends[0]).toEqual(ends[1] as OrderPayments)
    expect(ends[0]?.order.state).toMatchObject({ status: 'confirmed', paymentStatus: 'paid' })
  })

  test('a decline that comes behind the news of the capture fails nothing', () => {
    const paid = after(sent, apply(sent, captured))
    expect(outcome(paid, { kind: 'refused', failure })).toEqual({ kind: 'unchanged' })
  })

  test('a refund that timed out is not repeated under a new key', () => {
    const paid = after(sent, apply(sent, captured))
    const asked = {
      paymentId: 'pay',
      operationId: 'r1',
      kind: 'refund' as const,
      amount: 60,
      reason: '',
      actor: 'shop',
    }
    const refunding = after(paid, decideOperate(paid, asked, contextAt()))
    const unknown = after(refunding, outcome(refunding, { kind: 'unknown', detail: 'timed out' }, 'r1'))
    expect(operationOf(unknown, 'r1')).toMatchObject({ state: 'unknown', failure: undefined })
    // It holds its money, however long it takes: the same again finds nothing to refund.
    expect(decideOperate(unknown, { ...asked, operationId: 'r2' }, contextAt())).toMatchObject({
      code: 'REFUND_EXCEEDS_CAPTURED',
    })
    const step = (atMs: number, attempts: number) =>
      nextStepOf({ ...operationOf(unknown, 'r1'), attempts }, { keysKeptMs }, atMs)
    // By turns: the key may have an error as its answer, although the refund was made.
    expect([1, 2, 3, 4].map(attempts => step(nowMs + 60_000, attempts))).toEqual(['look', 'call', 'look', 'call'])
    expect(step(nowMs + keysKeptMs, 2)).toBe('look')
    // By its age it never fails; a person is told after ten minutes.
    const late = outcome(unknown, { kind: 'unknown', detail: 'timed out' }, 'r1', nowMs + 11 * 60_000)
    const old = after(unknown, late)
    expect(changesOf(late).issues.map(({ kind, subject }) => [kind, subject])).toEqual([['unknown_outcome', 'r1']])
    expect(operationOf(old, 'r1').state).toBe('unknown')
    // It had gone through: the look says so, and the issue has settled itself.
    const refunds = [{ ref: 're', operationId: 'r1', amount: 60, state: 'succeeded' as const }]
    const found = apply(old, { captured: 100, refunds }, nowMs + keysKeptMs, nowMs + keysKeptMs)
    expect(paymentOf(after(old, found))).toMatchObject({ refunded: 60, pendingRefund: 0 })
    expect(changesOf(found).settled).toEqual([{ kind: 'unknown_outcome', subject: 'r1' }])
  })

  test('what a look does not find fails only once the provider has forgotten the key for certain', () => {
    const look = (askedAtMs: number) =>
      decideLook(sent, { operationId: 'auth', outcome: { kind: 'absent' }, askedAtMs }, contextAt(askedAtMs))
    const early = after(sent, look(nowMs + keysKeptMs))
    expect([operationOf(early, 'auth').state, paymentOf(early).state]).toEqual(['unknown', 'processing'])
    const over = after(sent, look(nowMs + keysKeptMs + 10 * 60_000))
    expect([operationOf(over, 'auth').failure?.code, paymentOf(over).state]).toEqual(['never_received', 'failed'])
  })

  test('a payment of which the provider has only the name is asked for again, by the same key', () => {
    const created = { authorization: { state: 'created' as const } }
    const named = after(sent, apply(sent, created))
    expect([operationOf(named, 'auth').providerRef, paymentOf(named).state]).toEqual([undefined, 'processing'])
    expect(nextStepOf(operationOf(named, 'auth'), { keysKeptMs }, nowMs + 60_000)).toBe('call')
    // Once the key is forgotten nobody asks any more, and nothing is left to come of it.
    const atMs = nowMs + keysKeptMs + 10 * 60_000
    expect(paymentOf(after(named, apply(named, created, atMs, atMs))).state).toBe('failed')
  })

  test('a clock that was set back has nothing repeated', () => {
    const operation = operationOf(sent, 'auth')
    expect(nextStepOf(operation, { keysKeptMs }, nowMs - 60_000)).toBe('look')
    expect(nextStepOf(operation, { keysKeptMs }, nowMs + 60_000, false)).toBe('look')
  })

  test('what was not sent is tried again no sooner than the provider likes', () => {
    const waiting = after(sent, outcome(sent, { kind: 'not_sent', detail: 'busy', retryAfterMs: 120_000 }))
    expect(operationOf(waiting, 'auth')).toMatchObject({ state: 'sent', nextAttemptAtMs: nowMs + 120_000 })
  })

  test('what a refusal tells of too much money is sent back once', () => {
    const paid = after(sent, apply(sent, captured))
    const asked = {
      paymentId: 'pay',
      operationId: 'r1',
      kind: 'refund' as const,
      amount: 60,
      reason: '',
      actor: 'shop',
    }
    const refunding = after(paid, decideOperate(paid, asked, contextAt()))
    const report = reportOf({ captured: 120 })
    const { operations } = changesOf(outcome(refunding, { kind: 'refused', failure, report }, 'r1'))
    const sentBack = operations.filter(({ state }) => state === 'requested')
    expect(sentBack.map(({ kind, amount }) => [kind, amount])).toEqual([['refund', 20]])
  })

  test('a refused refund frees what it held, and is left to a person', () => {
    const paid = after(sent, apply(sent, captured))
    const asked = { paymentId: 'pay', operationId: 'r1', kind: 'refund' as const, reason: '', actor: 'shop' }
    const refunding = after(paid, decideOperate(paid, asked, contextAt()))
    const changes = changesOf(outcome(refunding, { kind: 'refused', failure }, 'r1'))
    expect(changes.events.map(({ definition }) => definition.type)).toEqual(['payment.refund_failed'])
    expect(changes.issues.map(({ kind, subject }) => [kind, subject])).toEqual([['refund_failed', 'r1']])
    expect(changes.payments[0]).toMatchObject({ pendingRefund: 0, refunded: 0 })
  })
})

describe('a difference is never a confirmation', () => {
  test.each([
    ['another currency', { currency: 'EUR', captured: 100 }, 0],
    ['less', { authorization: { state: 'authorized', amount: 90 }, captured: 90 }, 90],
    ['more', { authorization: { state: 'authorized', amount: 120 }, captured: 120 }, 120],
  ] as const)('%s', (_, report, captured) => {
    const sent = begun()
    const changes = changesOf(apply(sent, report))
    expect(changes.issues.map(({ kind }) => kind)).toContain('amount_mismatch')
    expect(changes.order?.confirm ?? false).toBe(false)
    expect(paymentOf(after(sent, apply(sent, report))).captured).toBe(captured)
    expect(changes.totals.captured).toBe(Math.min(captured, 100))
  })

  test('in another currency it stays unknown and is looked up only, until the provider holds nothing of it', () => {
    const foreign = after(manual, apply(manual, { currency: 'EUR' }))
    expect(operationOf(foreign, 'auth')).toMatchObject({ state: 'unknown', providerRef: 'ref' })
    expect(paymentOf(foreign)).toMatchObject({ state: 'processing', authorized: 0, version: 0 })
    const hourMs = 60 * 60_000
    for (const atMs of [nowMs + hourMs, nowMs + 2 * hourMs, nowMs + 48 * hourMs]) {
      const claim = claimOperation(foreign, 'auth', contextAt(atMs), true)
      expect(claim?.claimed?.step).toBe('look')
      expect(changesOf(apply(foreign, { currency: 'EUR' }, atMs, atMs)).issues).toEqual([])
    }
    const gone = apply(foreign, { currency: 'EUR', authorization: { state: 'voided', amount: 100 } })
    expect(changesOf(gone).settled).toContainEqual({ kind: 'amount_mismatch', subject: 'pay:currency' })
    expect(paymentOf(after(foreign, gone))).toMatchObject({ state: 'failed', failure: { code: 'currency_mismatch' } })
    expect(operationOf(after(foreign, gone), 'auth').state).toBe('failed')
    // A refund that is answered in another currency is not made again either.
    const paid = after(manual, apply(manual, { captured: 100 }))
    const refund = { paymentId: 'pay', operationId: 'r', kind: 'refund' as const, amount: 40, reason: '', actor: '' }
    const refunding = after(paid, decideOperate(paid, refund, contextAt()))
    const asked = after(refunding, apply(refunding, { currency: 'EUR', captured: 100 }))
    expect(paymentOf(asked)).toMatchObject({ pendingRefund: 40, refunded: 0 })
    expect(operationOf(asked, 'r').state).toBe('unknown')
    for (const atMs of [nowMs + hourMs, nowMs + 2 * hourMs])
      expect(claimOperation(asked, 'r', contextAt(atMs), true)?.claimed?.step).toBe('look')
  })

  test('a capture that took less than it was asked for is settled with what it took', () => {
    const authorized = inState('authorized')
    const asked = { paymentId: 'pay', operationId: 'c', kind: 'capture' as const, amount: 50, reason: '', actor: '' }
    const capturing = after(authorized, decideOperate(authorized, asked, contextAt()))
    const answer = { kind: 'reported', report: reportOf({ captured: 30 }) } as const
    const decision = decideOutcome(capturing, { operationId: 'c', outcome: answer, askedAtMs: nowMs }, contextAt())
    expect(operationOf(after(capturing, decision), 'c')).toMatchObject({ state: 'succeeded', amount: 30 })
    expect(changesOf(decision).issues.map(({ kind, subject }) => [kind, subject])).toEqual([['amount_mismatch', 'c']])
  })

  test('a second payment at the provider under the same id is left to a person', () => {
    const paid = after(manual, apply(manual, { captured: 100 }))
    const changes = changesOf(apply(paid, { providerRef: 'other', captured: 100 }))
    expect(changes.issues.map(({ kind, subject }) => [kind, subject])).toEqual([['unmatched_money', 'pay:other']])
    expect(changes.transfers).toEqual([])
  })
})

describe('money that is made at the provider', () => {
  const paid = after(manual, apply(manual, { captured: 100 }))
  const refund = (state: 'pending' | 'succeeded' | 'failed') => ({
    captured: 100,
    refunds: [{ ref: 're', amount: 40, state }],
  })

  test('a refund of its staff becomes one operation, and moves on by its reference', () => {
    const pending = after(paid, apply(paid, refund('pending')))
    expect(paymentOf(pending).pendingRefund).toBe(40)
    const done = after(pending, apply(pending, refund('succeeded')))
    expect(paymentOf(done)).toMatchObject({ refunded: 40, pendingRefund: 0 })
    expect(done.operations).toHaveLength(pending.operations.length)
    expect(done.operations.at(-1)?.operationId).toMatch(/^ext_[0-9a-f]{24}$/)
  })

  test('a refund that fails a day later gives the money back, and an older report does not take it away again', () => {
    const done = after(paid, apply(paid, refund('succeeded')))
    expect(done.order.state.paymentStatus).toBe('partially_refunded')
    const failed = after(done, apply(done, refund('failed')))
    expect([failed.order.state.paymentStatus, paymentOf(failed).refunded]).toEqual(['paid', 0])
    const stale = apply(failed, refund('succeeded'))
    expect(stale.kind).toBe('unchanged')
  })

  test('a refund of an order that was paid again meanwhile comes back as suspended money', () => {
    const refunded = after(
      paid,
      apply(paid, { captured: 100, refunds: [{ ref: 're', amount: 100, state: 'succeeded' }] }),
    )
    const again = begun(refunded, { paymentId: 'pay2' })
    const report = reportOf({ providerRef: 'ref2', captured: 100 })
    const repaid = after(again, decideReport(again, { paymentId: 'pay2', report, askedAtMs: nowMs }, contextAt()))
    const changes = changesOf(apply(repaid, { captured: 100, refunds: [{ ref: 're', amount: 100, state: 'failed' }] }))
    expect(changes.transfers.map(({ kind, amount }) => [kind, amount])).toEqual([['suspense', 100]])
    expect(changes.totals).toMatchObject({ captured: 100, refunded: 0 })
  })

  test('a dispute takes money back, and gives it back when it is won', () => {
    const dispute = (state: 'open' | 'won' | 'lost') => ({
      captured: 100,
      disputes: [{ ref: 'dp', amount: 100, state }],
    })
    const open = after(paid, apply(paid, dispute('open')))
    expect(open.order.state.paymentStatus).toBe('refunded')
    const won = apply(open, dispute('won'))
    expect(after(open, won).order.state.paymentStatus).toBe('paid')
    expect(changesOf(won).events.map(({ definition }) => definition.type)).toEqual(['payment.dispute_closed'])
    expect(apply(after(open, won), dispute('open')).kind).toBe('unchanged')
  })

  test('a dispute of what was refunded is a fact, and is told to a person', () => {
    const refunded = after(
      paid,
      apply(paid, { captured: 100, refunds: [{ ref: 're', amount: 100, state: 'succeeded' }] }),
    )
    const decision = apply(refunded, { captured: 100, disputes: [{ ref: 'dp', amount: 100, state: 'open' }] })
    expect(paymentOf(after(refunded, decision))).toMatchObject({ disputed: 100, overdrawn: 100 })
    expect(changesOf(decision).issues.map(({ kind }) => kind)).toContain('unmatched_money')
  })
})

test('a payment that had failed and is authorized when another has taken its place is voided, and counts nothing', () => {
  const failed = after(manual, apply(manual, { authorization: { state: 'failed', failure } }))
  const other = begun(failed, { paymentId: 'pay2' })
  const changes = changesOf(apply(other, {}))
  expect(changes.totals).toMatchObject({ open: 100, authorized: 0 })
  expect(changes.operations.map(({ kind, state }) => [kind, state])).toEqual([
    ['authorize', 'succeeded'],
    ['void', 'requested'],
  ])
  expect(changes.issues.map(({ kind }) => kind)).toEqual(['overpaid'])
})

test('an order that is cancelled meanwhile does not make late money its own', () => {
  const cancelled = inStatus(begun(), 'cancelled')
  const changes = changesOf(apply(cancelled, { captured: 100 }))
  expect(changes.transfers.map(({ kind }) => kind)).toEqual(['suspense'])
  expect(changes.order?.confirm ?? false).toBe(false)
})
