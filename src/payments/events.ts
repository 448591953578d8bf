import { type Static, type TObject, type TProperties, Type } from 'typebox'
import { defineEvent, type EventDefinition } from '../events/definition.ts'
import { listOf, nullable, time } from '../platform/view.ts'
import { amountsOf } from './amounts.ts'
import type { StoredDispute } from './changes.ts'
import { issueOpened, issueResolved } from './issue-events.ts'
import { type Operation, operationKinds, type Payment, paymentStates } from './payment.ts'
import { nextAction, paymentAmounts, paymentFailure } from './views.ts'

/** The events of payments. */

/** The type of the streams of payments. */
export const paymentStreamType = 'payment'

const money = (description: string) => Type.Integer({ minimum: 0, format: 'int64', description })

const paymentFields = {
  provider: Type.String({ description: 'Who moves the money' }),
  provider_ref: nullable(Type.String(), { description: 'What the provider calls the payment' }),
  state: Type.Enum([...paymentStates], { title: 'PaymentState', description: 'The state of the payment after it' }),
  currency: Type.String({ description: 'ISO 4217' }),
  amount: money('What the payment is for, in the minor unit'),
  amounts: paymentAmounts,
}

const operationFields = {
  operation_id: Type.String({ description: 'The operation that it is the outcome of' }),
  operation_amount: money('What the operation has moved'),
  reason: Type.String({ description: 'Why, in the words of the caller; may be empty' }),
  actor: Type.String({ description: 'Who asked' }),
}

const disputeFields = {
  dispute_ref: Type.String({ description: 'What the provider calls the dispute' }),
  dispute_amount: money('What is disputed'),
}

const examplePayment = {
  provider: 'sandbox',
  provider_ref: 'sbx_7d0c1f',
  state: 'captured' as const,
  currency: 'USD',
  amount: 1817,
  amounts: {
    authorized: 1817,
    capturable: 0,
    captured: 1817,
    refunded: 0,
    pending_capture: 0,
    pending_refund: 0,
    disputed: 0,
  },
}
const authorizedAmounts = { ...examplePayment.amounts, capturable: 1817, captured: 0 }
const nothing = { ...examplePayment.amounts, authorized: 0, captured: 0 }
const exampleOperation = {
  operation_id: 'op_k3v9q2m7x1c8r5t0w4z6b2n8',
  operation_amount: 1817,
  reason: '',
  actor: 'shop',
}

/** An event of a payment: the payment after it, and what else it carries. */
function paymentEvent<Data extends TObject>(
  type: string,
  title: string,
  description: string,
  data: Data,
  example: Static<Data>,
): EventDefinition<Data> {
  return defineEvent({ type: `payment.${type}`, stream: paymentStreamType, title, description, data, example })
}

/** The payment after the event, and more. */
function withPayment<More extends TProperties>(more: More) {
  return Type.Object({ ...paymentFields, ...more })
}

export const paymentEvents = {
  actionRequired: paymentEvent(
    'action_required',
    'A payer has to act',
    'The provider asks the payer for a confirmation before it authorizes the payment.',
    withPayment({ next_action: Type.Union([nextAction, Type.Null()], { description: 'What the payer has to do' }) }),
    {
      ...examplePayment,
      state: 'requires_action',
      amounts: nothing,
      next_action: { type: 'redirect', url: 'https://pay.example.com/3ds' },
    },
  ),
  authorized: paymentEvent(
    'authorized',
    'A payment was authorized',
    'The provider holds the money for the order. It is captured before `authorized_until`, or expires.',
    withPayment({
      ...operationFields,
      authorized_until: nullable(time(), { description: 'When what is not captured expires' }),
    }),
    { ...examplePayment, ...exampleOperation, state: 'authorized', amounts: authorizedAmounts, authorized_until: null },
  ),
  captured: paymentEvent(
    'captured',
    'Money was captured',
    'All or some of what was authorized was taken from the payer.',
    withPayment(operationFields),
    { ...examplePayment, ...exampleOperation },
  ),
  failed: paymentEvent(
    'failed',
    'A provider refused',
    'The authorization, a capture or a void was refused: `operation` says which. Nothing was moved by it.',
    withPayment({
      ...operationFields,
      operation: Type.Enum([...operationKinds], { title: 'PaymentOperationKind', description: 'What was refused' }),
      failure: paymentFailure,
    }),
    {
      ...examplePayment,
      ...exampleOperation,
      state: 'failed',
      amounts: nothing,
      operation: 'authorize',
      failure: { code: 'card_declined', message: 'The card was declined.' },
    },
  ),
  voided: paymentEvent(
    'voided',
    'A payment was voided',
    'What was authorized and not captured was released. Nothing more is taken from the payer.',
    withPayment({ released: money('What was released; 0 if nothing had been authorized') }),
    { ...examplePayment, state: 'voided', amounts: { ...nothing, authorized: 1817 }, released: 1817 },
  ),
  refunded: paymentEvent(
    'refunded',
    'Money was refunded',
    'The provider has paid money back to the payer.',
    withPayment({ ...operationFields, rids: listOf(Type.String(), { description: 'The items that it is for' }) }),
    {
      ...examplePayment,
      ...exampleOperation,
      amounts: { ...examplePayment.amounts, refunded: 317 },
      operation_amount: 317,
      reason: 'damaged',
      rids: ['ab4219087a764ae0btest'],
    },
  ),
  refundFailed: paymentEvent(
    'refund_failed',
    'A refund failed',
    'The provider refused a refund, or could not pay it out: perhaps days after it had succeeded. The money is back at the provider.',
    withPayment({ ...operationFields, failure: paymentFailure }),
    {
      ...examplePayment,
      ...exampleOperation,
      operation_amount: 317,
      failure: { code: 'account_closed', message: "The payer's account is closed." },
    },
  ),
  disputed: paymentEvent(
    'disputed',
    'A payment was disputed',
    "The payer's bank has taken money back.",
    withPayment(disputeFields),
    {
      ...examplePayment,
      amounts: { ...examplePayment.amounts, disputed: 1817 },
      dispute_ref: 'dp_1',
      dispute_amount: 1817,
    },
  ),
  disputeClosed: paymentEvent(
    'dispute_closed',
    'A dispute was decided',
    'Won: the money is back. Lost: it is gone.',
    withPayment({
      ...disputeFields,
      outcome: Type.Enum(['won', 'lost'], { title: 'DisputeOutcome', description: 'For whom' }),
    }),
    { ...examplePayment, dispute_ref: 'dp_1', dispute_amount: 1817, outcome: 'won' },
  ),
  authorizationExpired: paymentEvent(
    'authorization_expired',
    'An authorization expired',
    'What was authorized was not captured in time, and was released by the provider.',
    withPayment({ released: money('What was released') }),
    { ...examplePayment, state: 'expired', amounts: { ...nothing, authorized: 1817 }, released: 1817 },
  ),
} as const

/** Every type of event of the module. */
export const paymentEventDefinitions: readonly EventDefinition[] = [
  ...Object.values(paymentEvents),
  ...[issueOpened, issueResolved],
]

/** What every event of a payment carries: the payment after it. */
export function paymentData(payment: Payment) {
  return {
    provider: payment.provider,
    provider_ref: payment.providerRef ?? null,
    state: payment.state,
    currency: payment.currency,
    amount: payment.amount,
    amounts: amountsOf(payment),
  }
}

/** What an event carries of the operation that it is the outcome of. @param moved what that has moved, if it is not its amount */
export function operationData({ operationId, amount, reason, actor }: Operation, moved = amount) {
  return { operation_id: operationId, operation_amount: moved, reason, actor }
}

/** What an event carries of a dispute. */
export function disputeData({ ref, amount }: StoredDispute) {
  return { dispute_ref: ref, dispute_amount: amount }
}
