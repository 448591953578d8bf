import { applyChanges } from '../src/payments/apply-changes.ts'
import type { Changes, Decision, DecisionContext, OrderPayments, PaymentRules } from '../src/payments/changes.ts'
import { decideBegin } from '../src/payments/decide-begin.ts'
import type { Operation, Payment } from '../src/payments/payment.ts'
import type { CalledProvider, PaymentReport, Provider } from '../src/payments/provider.ts'

/** Values for tests of what payments decide: an order of 100, providers that are never called, and a clock that stands. */

export const nowMs = Date.UTC(2026, 10, 1)
export const keysKeptMs = 24 * 60 * 60_000

function uncalled(): never {
  throw new Error('a pure decision calls no provider')
}

const described = { title: 'for tests', toProviderAmount: (amount: number) => amount, fromProviderAmount: uncalled }

export const calledProvider: CalledProvider = {
  ...described,
  name: 'called',
  // What is odd cannot be written.
  toProviderAmount: amount => (amount === 13 ? undefined : amount),
  keysKeptMs,
  actionMaxMs: 60 * 60_000,
  authorize: uncalled,
  capture: uncalled,
  void: uncalled,
  refund: uncalled,
  fetch: uncalled,
}

export const providers: ReadonlyMap<string, Provider> = new Map<string, Provider>([
  ['called', calledProvider],
  ['manual', { ...described, name: 'manual', isRecorded: true }],
])

export const rules: PaymentRules = { confirmOn: 'paid', latePolicy: 'refund', holdMaxMs: 60 * 60_000, providers }

/** A context whose operations are numbered: `op_1`, `op_2`. */
export function contextAt(atMs = nowMs, changed: Partial<PaymentRules> = {}): DecisionContext {
  let operations = 0
  return {
    rules: { ...rules, ...changed },
    nowMs: atMs,
    random: () => 0.5,
    newOperationId: () => `op_${++operations}`,
    traceparent: undefined,
  }
}

/** An order without payments. */
export function orderOf(change: Partial<OrderPayments['order']> = {}): OrderPayments {
  return {
    order: {
      orderUid: 'order-1',
      state: { status: 'pending', paymentStatus: 'unpaid', deliveryStatus: 'unfulfilled' },
      version: 1,
      updatedAtMs: nowMs,
      currency: 'USD',
      amount: 100,
      paymentPendingUntilMs: undefined,
      ...change,
    },
    payments: [],
    operations: [],
    disputes: [],
    issues: new Map(),
    isSold: false,
    isStored: false,
  }
}

/** The order in another status, as after a command. */
export function inStatus(before: OrderPayments, status: OrderPayments['order']['state']['status']): OrderPayments {
  return { ...before, order: { ...before.order, state: { ...before.order.state, status } } }
}

/** What a decision changes. @throws when it was refused, or changes nothing */
export function changesOf(decision: Decision): Changes {
  if (decision.kind !== 'changed') throw new Error(`expected a change: ${JSON.stringify(decision)}`)
  return decision.changes
}

/** The payments after a decision that changes them. */
export function after(before: OrderPayments, decision: Decision): OrderPayments {
  return applyChanges(before, changesOf(decision), nowMs)
}

/** The order with a payment that was begun: `pay` and its authorization `auth`, with what is given. */
export function begun(
  before = orderOf(),
  { paymentId = 'pay', ...given }: Partial<Parameters<typeof decideBegin>[1]> = {},
  context = contextAt(),
): OrderPayments {
  const operationId = paymentId === 'pay' ? 'auth' : `auth-${paymentId}`
  const input = {
    paymentId,
    operationId,
    provider: 'called',
    amount: undefined,
    capture: 'automatic' as const,
    methodToken: 'tok_approve',
    returnUrl: undefined,
    actor: 'shop',
    ...given,
  }
  return after(before, decideBegin(before, input, context))
}

/** A report of a payment that was authorized, with what is given. */
export function reportOf(given: Partial<PaymentReport> = {}): PaymentReport {
  return {
    providerRef: 'ref',
    currency: 'USD',
    authorization: { state: 'authorized', amount: 100 },
    captured: 0,
    refunds: [],
    disputes: [],
    ...given,
  }
}

/** @throws when there is none */
export function paymentOf({ payments }: Pick<OrderPayments, 'payments'>, paymentId = 'pay'): Payment {
  const payment = payments.find(candidate => candidate.paymentId === paymentId)
  if (payment === undefined) throw new Error(`no payment ${paymentId}`)
  return payment
}

/** @throws when there is none */
export function operationOf({ operations }: Pick<OrderPayments, 'operations'>, operationId: string): Operation {
  const operation = operations.find(candidate => candidate.operationId === operationId)
  if (operation === undefined) throw new Error(`no operation ${operationId}`)
  return operation
}
