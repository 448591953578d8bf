import type Stripe from 'stripe'
import { currencies } from '../../platform/currencies.ts'
import type { Failure } from '../payment.ts'
import type { AuthorizationReport, DisputeReport, MovementReport, PaymentReport } from '../provider.ts'
import { fromStripeAmount } from './amounts.ts'

/** What Stripe says of a PaymentIntent, as a report. */

/** Our ids, which Stripe keeps with its objects and returns with them. */
export type Metadata = { payment_id: string; order_uid: string; operation_id: string }

/** A PaymentIntent with its latest charge expanded, and what belongs to it. */
export type StripePayment = {
  intent: Stripe.PaymentIntent
  refunds: readonly Stripe.Refund[]
  disputes: readonly Stripe.Dispute[]
}

/** The charge of an intent; undefined before one was made. @throws TypeError when it was not expanded */
export function chargeOf({ latest_charge: charge }: Stripe.PaymentIntent): Stripe.Charge | undefined {
  if (charge === null) return undefined
  if (typeof charge === 'string') throw new TypeError('the latest charge was not expanded')
  return charge
}

/** @throws RangeError when Stripe's amount cannot be represented, or its currency is not one of ISO 4217 */
export function toReport({ intent, refunds, disputes }: StripePayment): PaymentReport {
  const currency = intent.currency.toUpperCase()
  const amountOf = (amount: number) => ourAmount(amount, currency)
  const { payment_id: paymentId, order_uid: orderUid } = intent.metadata
  return {
    providerRef: intent.id,
    paymentId,
    orderUid,
    currency,
    authorization: authorizationOf(intent, amountOf),
    captured: amountOf(chargeOf(intent)?.amount_captured ?? 0),
    refunds: refunds.map(refund => toMovement(refund, amountOf)),
    disputes: disputes.flatMap(dispute => toDispute(dispute, amountOf) ?? []),
  }
}

type AmountOf = (amount: number) => number

function ourAmount(amount: number, code: string): number {
  const currency = currencies.get(code)
  const ours = currency && fromStripeAmount(amount, code, currency)
  if (ours === undefined) throw new RangeError(`Stripe reports ${amount} in ${code}, which has no such amount`)
  return ours
}

function authorizationOf(intent: Stripe.PaymentIntent, amountOf: AmountOf): AuthorizationReport {
  const charge = chargeOf(intent)
  const authorized = amountOf(charge?.amount ?? 0)
  switch (intent.status) {
    case 'requires_action':
      return { state: 'requires_action', nextAction: nextActionOf(intent) }
    case 'requires_capture': {
      const until = charge?.payment_method_details?.card?.capture_before
      return { state: 'authorized', amount: authorized, untilMs: until === undefined ? undefined : until * 1000 }
    }
    case 'succeeded':
      // Without multicapture the first capture releases the rest.
      if (charge !== undefined && charge.amount_captured < charge.amount) return { state: 'voided', amount: authorized }
      return { state: 'authorized', amount: authorized }
    case 'canceled': {
      const isOver = intent.cancellation_reason === 'automatic' || intent.cancellation_reason === 'expired'
      return { state: isOver ? 'expired' : 'voided', amount: charge?.paid === true ? authorized : 0 }
    }
    case 'requires_payment_method':
      if (intent.last_payment_error !== null) return { state: 'failed', failure: failureOf(intent.last_payment_error) }
      return { state: 'created' }
    case 'requires_confirmation':
      return { state: 'created' }
    default:
      return { state: 'processing' }
  }
}

function nextActionOf({ next_action: action }: Stripe.PaymentIntent) {
  const url = action?.redirect_to_url?.url
  return url == null ? undefined : { type: 'redirect' as const, url }
}

/** Why Stripe refused: the bank's code where it gave one. */
export function failureOf(error: { code?: string; decline_code?: string; message?: string }): Failure {
  return { code: error.decline_code ?? error.code ?? 'refused', message: error.message ?? 'Stripe has refused it' }
}

function toMovement(refund: Stripe.Refund, amountOf: AmountOf): MovementReport {
  const code = refund.failure_reason ?? refund.status ?? 'failed'
  return {
    ref: refund.id,
    operationId: refund.metadata?.operation_id,
    amount: amountOf(refund.amount),
    ...(refund.status === 'succeeded'
      ? { state: 'succeeded' }
      : refund.status === 'failed' || refund.status === 'canceled'
        ? { state: 'failed', failure: { code, message: `the refund has ${refund.status}` } }
        : { state: 'pending' }),
  }
}

/** A dispute that has moved money; an inquiry (`warning_…`) and one that was prevented have not. */
function toDispute({ id, amount, status }: Stripe.Dispute, amountOf: AmountOf): DisputeReport | undefined {
  if (status.startsWith('warning_') || status === 'prevented') return undefined
  const state = status === 'won' ? 'won' : status === 'lost' ? 'lost' : 'open'
  return { ref: id, amount: amountOf(amount), state }
}
