import type { Operation, Payment } from '../src/payments/payment.ts'
import type { AuthorizationReport, CallOutcome, FetchOutcome, PaymentReport } from '../src/payments/provider.ts'

/** A payment provider in memory, which follows its own rules: it never captures more than it holds, nor pays more back than it has. */

type Movement = {
  ref: string
  operationId: string | undefined
  amount: number
  state: 'pending' | 'succeeded' | 'failed'
}
type Dispute = { ref: string; amount: number; state: 'open' | 'won' | 'lost' }

export type Charge = {
  ref: string
  payment: Payment
  state: AuthorizationReport['state']
  authorized: number
  captured: number
  released: number
  refunds: Movement[]
  disputes: Dispute[]
}

export type SimulatedProvider = ReturnType<typeof simulateProvider>

const declined = { code: 'declined', message: 'The card was declined.' }
const impossible = { code: 'impossible', message: 'The payment does not allow it.' }

/** @param keysKeptMs how long it keeps keys: a call that comes later is carried out again */
export function simulateProvider(keysKeptMs: number) {
  const charges = new Map<string, Charge>()
  const keys = new Map<string, { atMs: number; outcome: 'done' | 'refused' }>()
  /** How often each operation was carried out. */
  const effects = new Map<string, number>()
  let refs = 0
  const nextRef = (kind: string) => `${kind}_${++refs}`

  function authorize(payment: Payment, { operationId, amount }: Operation, luck: number): 'done' | 'refused' {
    const states = ['authorized', 'authorized', 'authorized', 'requires_action', 'processing', 'failed'] as const
    const state = states[luck % states.length] ?? 'authorized'
    const charge: Charge = {
      ref: nextRef('ch'),
      payment,
      state: state === 'authorized' ? 'processing' : state,
      authorized: 0,
      captured: 0,
      released: 0,
      refunds: [],
      disputes: [],
    }
    charges.set(payment.paymentId, charge)
    count(operationId)
    if (state === 'authorized') approve(charge, amount)
    return state === 'failed' ? 'refused' : 'done'
  }

  function approve(charge: Charge, amount = charge.payment.amount): void {
    charge.state = 'authorized'
    charge.authorized = amount
    if (charge.payment.capture === 'automatic') charge.captured = amount
  }

  function carryOut(operation: Operation, charge: Charge, luck: number): 'done' | 'refused' {
    const held = heldBy(charge)
    if (operation.kind === 'capture') {
      if (operation.amount > held) return 'refused'
      charge.captured += operation.amount
      if (operation.isFinal) release(charge, 'voided')
    } else if (operation.kind === 'void') {
      if (held === 0 && charge.state !== 'processing' && charge.state !== 'requires_action') return 'refused'
      release(charge, 'voided')
    } else {
      if (operation.amount > charge.captured - refundedBy(charge, 'pending', 'succeeded')) return 'refused'
      const { operationId, amount } = operation
      charge.refunds.push({ ref: nextRef('re'), operationId, amount, state: luck % 3 === 0 ? 'pending' : 'succeeded' })
    }
    count(operation.operationId)
    return 'done'
  }

  function count(operationId: string): void {
    effects.set(operationId, (effects.get(operationId) ?? 0) + 1)
  }

  return {
    charges,
    effects,
    nextRef,
    approve,

    /** Calls it by an operation's key. @param luck decides where the payer or the bank would */
    call(payment: Payment, operation: Operation, atMs: number, luck: number): CallOutcome {
      const { operationId } = operation
      const kept = keys.get(operationId)
      const charge = charges.get(payment.paymentId)
      let outcome = kept !== undefined && atMs - kept.atMs < keysKeptMs ? kept.outcome : undefined
      if (outcome === undefined) {
        outcome =
          operation.kind === 'authorize'
            ? authorize(payment, operation, luck)
            : charge === undefined
              ? 'refused'
              : carryOut(operation, charge, luck)
        keys.set(operationId, { atMs, outcome })
      }
      const now = charges.get(payment.paymentId)
      if (outcome === 'done' && now !== undefined) return { kind: 'reported', report: reportOn(now) }
      const failure = operation.kind === 'authorize' ? declined : impossible
      return now === undefined || luck % 2 === 0
        ? { kind: 'refused', failure }
        : { kind: 'refused', failure, report: reportOn(now) }
    },

    fetch(paymentId: string): FetchOutcome {
      const charge = charges.get(paymentId)
      return charge === undefined ? { kind: 'absent' } : { kind: 'reported', report: reportOn(charge) }
    },
  }
}

export function heldBy({ authorized, captured, released }: Charge): number {
  return Math.max(0, authorized - captured - released)
}

export function refundedBy({ refunds }: Charge, ...states: readonly Movement['state'][]): number {
  return refunds.filter(({ state }) => states.includes(state)).reduce((sum, { amount }) => sum + amount, 0)
}

export function disputedBy({ disputes }: Charge): number {
  return disputes.filter(({ state }) => state !== 'won').reduce((sum, { amount }) => sum + amount, 0)
}

/** Releases what is held, or ends what is not authorized yet. */
export function release(charge: Charge, state: 'voided' | 'expired'): void {
  charge.released += heldBy(charge)
  charge.state = state
}

/** The charge as it is now: what an answer, an event or a look would tell. */
export function reportOn(charge: Charge): PaymentReport {
  const { ref, payment, captured, refunds, disputes } = charge
  return {
    providerRef: ref,
    paymentId: payment.paymentId,
    orderUid: payment.orderUid,
    currency: payment.currency,
    authorization: authorizationOf(charge),
    captured,
    refunds: refunds.map(refund => ({ ...refund })),
    disputes: disputes.map(dispute => ({ ...dispute })),
  }
}

function authorizationOf({ state, authorized }: Charge): AuthorizationReport {
  if (state === 'authorized' || state === 'voided' || state === 'expired') return { state, amount: authorized }
  if (state === 'failed') return { state, failure: declined }
  return state === 'processing'
    ? { state }
    : { state, nextAction: { type: 'redirect', url: 'https://pay.example.com/' } }
}
