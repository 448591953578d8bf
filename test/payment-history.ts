import type { OrderStatus } from '../src/orders/order.ts'
import { applyChanges } from '../src/payments/apply-changes.ts'
import type { Decision, DecisionContext, OrderPayments, PaymentRules } from '../src/payments/changes.ts'
import { decideAccept } from '../src/payments/decide-accept.ts'
import { decideBegin } from '../src/payments/decide-begin.ts'
import { decideDueLook } from '../src/payments/decide-look.ts'
import { decideOperate } from '../src/payments/decide-operate.ts'
import { decideOrderChange } from '../src/payments/decide-order.ts'
import { decideLook, decideOutcome } from '../src/payments/decide-outcome.ts'
import { decideRecord } from '../src/payments/decide-record.ts'
import { decideReport } from '../src/payments/decide-report.ts'
import { sentOperation } from '../src/payments/new-payment.ts'
import { isOpen, type Operation } from '../src/payments/payment.ts'
import { nextStepOf } from '../src/payments/pauses.ts'
import type { CallOutcome, FetchOutcome, PaymentReport } from '../src/payments/provider.ts'
import { type Books, brokenRules, compareWithModel } from './payment-books.ts'
import { keysKeptMs, nowMs as startMs, orderOf, paymentOf, providers } from './payment-values.ts'
import { actAtProvider, resolveAtProvider } from './provider-acts.ts'
import { reportOn, simulateProvider } from './simulated-provider.ts'

/** A history of one order's payments: what people, the worker, the provider and the network do, in any order. */

/** Each as often as it is to be drawn. */
const weights = {
  begin: 5,
  capture: 4,
  void: 1,
  refund: 7,
  call: 12,
  deliver: 12,
  notify: 5,
  provider: 9,
  order: 2,
  clock: 3,
  accept: 1,
  record: 3,
} as const

type StepKind = keyof typeof weights
export const stepKinds: readonly StepKind[] = Object.entries(weights).flatMap(([kind, weight]) =>
  Array<StepKind>(weight).fill(kind as StepKind),
)
export type Step = Readonly<{ kind: StepKind; a: number; b: number }>

/** What is on its way back from the provider. */
type Message = { askedAtMs: number } & (
  | { kind: 'outcome'; operationId: string; outcome: CallOutcome }
  | { kind: 'look'; operationId: string; outcome: FetchOutcome }
  | { kind: 'report'; paymentId: string; report: PaymentReport }
)

const minuteMs = 60_000

export function beginHistory({ first, ...given }: Pick<PaymentRules, 'confirmOn' | 'latePolicy'> & { first: number }) {
  const provider = simulateProvider(keysKeptMs)
  const rules: PaymentRules = { ...given, holdMaxMs: 60 * minuteMs, providers }
  const books: Books = { transfers: new Map(), versions: new Map(), issues: new Set() }
  const mistakes: string[] = []
  const messages: Message[] = []
  const called = new Set<string>()
  let now: OrderPayments = orderOf()
  let atMs = startMs
  let ids = 0
  const newId = (prefix: string) => `${prefix}_${++ids}`

  function context(): DecisionContext {
    return {
      rules,
      nowMs: atMs,
      random: () => 0.5,
      newOperationId: () => newId('op'),
      traceparent: undefined,
    }
  }

  /** Takes a decision into the state, as a transaction would, and checks what must hold after each. */
  function take(decision: Decision, what: string): boolean {
    if (decision.kind !== 'changed') return false
    const before = now
    now = applyChanges(before, decision.changes, atMs)
    for (const mistake of brokenRules(books, before, now, decision.changes)) mistakes.push(`${what}: ${mistake}`)
    return true
  }

  function replace(operation: Operation): void {
    now = {
      ...now,
      operations: now.operations.map(other => (other.operationId === operation.operationId ? operation : other)),
    }
  }

  function due(): Operation[] {
    return now.operations.filter(
      operation =>
        isOpen(operation) && (!called.has(operation.operationId) || (operation.nextAttemptAtMs ?? atMs) <= atMs),
    )
  }

  /** Calls the provider for an operation, or looks it up. @param fate what becomes of the call on its way */
  function call(
    operation: Operation,
    luck: number,
    fate: 'answered' | 'lost' | 'unsent' | 'died' | 'never came',
  ): void {
    const { operationId, paymentId } = operation
    const isFirst = operation.state === 'sent' && !called.has(operationId)
    const sent = isFirst ? operation : sentOperation(operation, atMs)
    replace(sent)
    if (nextStepOf(operation, { keysKeptMs }, atMs) === 'look') {
      messages.push({ kind: 'look', operationId, outcome: provider.fetch(paymentId), askedAtMs: atMs })
      return
    }
    called.add(operationId)
    const lost = { kind: 'unknown', detail: 'timed out' } as const
    if (fate === 'unsent' || fate === 'never came') {
      const outcome = fate === 'unsent' ? ({ kind: 'not_sent', detail: 'busy' } as const) : lost
      messages.push({ kind: 'outcome', operationId, outcome, askedAtMs: atMs })
      return
    }
    const answer = provider.call(paymentOf(now, paymentId), operation, atMs, luck)
    if (fate === 'died') return
    messages.push({ kind: 'outcome', operationId, outcome: fate === 'lost' ? lost : answer, askedAtMs: atMs })
  }

  function deliver(index: number, isDoubled: boolean): void {
    const message = messages[index]
    if (message === undefined) return
    if (!isDoubled) messages.splice(index, 1)
    if (message.kind === 'outcome') take(decideOutcome(now, message, context()), 'outcome')
    else if (message.kind === 'look') take(decideLook(now, message, context()), 'look')
    else take(decideReport(now, message, context()), 'report')
  }

  function notify(paymentId: string): void {
    const charge = provider.charges.get(paymentId)
    if (charge !== undefined) messages.push({ kind: 'report', paymentId, report: reportOn(charge), askedAtMs: atMs })
  }

  function changeOrder(a: number): void {
    const { status } = now.order.state
    const moves: Partial<Record<OrderStatus, readonly OrderStatus[]>> = {
      pending: ['confirmed', 'cancelled', 'confirmed', 'expired'],
      confirmed: ['cancelled', 'on_hold', 'completed'],
      on_hold: ['confirmed', 'cancelled'],
    }
    const possible = moves[status] ?? []
    const to = possible[a % Math.max(1, possible.length)]
    if (to === undefined) return
    now = { ...now, order: { ...now.order, state: { ...now.order.state, status: to } } }
    const input = { statusBefore: status, reason: 'a test', actor: 'a test' }
    take(decideOrderChange(now, input, context()), `${status} to ${to}`)
  }

  function begin(a: number, b: number): void {
    const input = {
      paymentId: newId('pay'),
      operationId: newId('op'),
      provider: b % 11 === 0 ? 'manual' : 'called',
      amount: a % 3 === 0 ? undefined : 10 + (a % 10) * 10,
      capture: b % 2 === 0 ? ('automatic' as const) : ('manual' as const),
      methodToken: undefined,
      returnUrl: undefined,
      actor: 'a test',
    }
    take(decideBegin(now, input, context()), 'begin')
  }

  function operate(kind: 'capture' | 'void' | 'refund', paymentId: string, b: number): void {
    const amount = b % 3 === 0 || kind === 'void' ? undefined : 10 + (b % 10) * 10
    const input = {
      paymentId,
      operationId: newId('op'),
      kind,
      amount,
      isFinal: b % 4 === 0,
      reason: '',
      actor: 'a test',
    }
    take(decideOperate(now, input, context()), kind)
  }

  function record(paymentId: string, a: number, b: number): void {
    const kind = b % 3 === 0 ? ('refund' as const) : ('capture' as const)
    const amount = a % 2 === 0 ? undefined : 10 + (b % 12) * 10
    const input = {
      paymentId,
      operationId: newId('op'),
      kind,
      amount,
      reason: '',
      actor: 'a',
      rids: [],
      reference: undefined,
    }
    take(decideRecord(now, input, context()), 'record')
  }

  function callSome(a: number, b: number): void {
    const waiting = due()
    const operation = waiting[a % Math.max(1, waiting.length)]
    const fates = ['answered', 'answered', 'lost', 'answered', 'unsent', 'died', 'never came'] as const
    if (operation !== undefined) call(operation, Math.floor(b / 7), fates[b % 7] ?? 'answered')
  }

  function passTime(a: number): void {
    atMs += [minuteMs, 15 * minuteMs, 3 * 60 * minuteMs, 26 * 60 * minuteMs][a % 4] ?? 0
  }

  function step({ kind, a, b }: Step): void {
    const paymentId = now.payments[a % now.payments.length]?.paymentId ?? ''
    const steps: Readonly<Record<StepKind, () => unknown>> = {
      begin: () => begin(a, b),
      capture: () => operate('capture', paymentId, b),
      void: () => operate('void', paymentId, b),
      refund: () => operate('refund', paymentId, b),
      call: () => callSome(a, b),
      deliver: () => deliver(a % Math.max(1, messages.length), b % 4 === 0),
      notify: () => notify(paymentId),
      provider: () => actAtProvider(provider, paymentId, b),
      order: () => changeOrder(a),
      clock: () => passTime(a),
      accept: () => take(decideAccept(now, paymentId, context()), 'accept'),
      record: () => record(paymentId, a, b),
    }
    steps[kind]()
  }

  // A history begins with a payment.
  begin(first, first)

  return {
    take: step,

    /** Lets everything come to an end: what is on its way arrives, and the worker does what is due, without faults. */
    settle(): void {
      for (let rounds = 0; rounds < 60; rounds += 1) {
        while (messages.length > 0) deliver(0, false)
        atMs += 2 * 60 * minuteMs
        for (const { paymentId } of now.payments) {
          resolveAtProvider(provider, paymentId)
          take(decideDueLook(now, paymentId, context()), 'due look')
          notify(paymentId)
        }
        for (const operation of due()) call(operation, 1, 'answered')
        if (messages.length === 0 && !now.operations.some(isOpen)) break
        if (rounds > 20 && !now.operations.some(isOpen)) break
      }
      while (messages.length > 0) deliver(0, false)
    },

    /** What was wrong after a step, and what is wrong in the end. */
    mistakes: () => [...mistakes, ...modelMistakes()],
    state: () => now,
    books,
  }

  function modelMistakes(): string[] {
    return compareWithModel(now, books, provider, given.latePolicy)
  }
}
