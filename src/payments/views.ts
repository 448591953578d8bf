import { type Static, Type } from 'typebox'
import { listOf, nullable, time } from '../platform/view.ts'
import { captureModes, operationKinds, operationStates, paymentActions, paymentStates } from './payment.ts'

/** Payments, their operations and issues as they are answered. Amounts are integers in the currency's minor unit. */

const amount = (description: string) => Type.Integer({ minimum: 0, format: 'int64', description })

export const paymentAmounts = Type.Object(
  {
    authorized: amount('Authorized in all, also what is captured or released by now'),
    capturable: amount('What can still be captured'),
    captured: amount('Captured in all'),
    refunded: amount('Refunded in all'),
    pending_capture: amount('Captures whose outcome is not known yet'),
    pending_refund: amount('Refunds whose outcome is not known yet'),
    disputed: amount("What the payer's bank has taken back"),
  },
  { title: 'PaymentAmounts' },
)
export type PaymentAmounts = Static<typeof paymentAmounts>

export const paymentFailure = Type.Object(
  { code: Type.String(), message: Type.String() },
  { title: 'PaymentFailure', description: "Why the provider refused, in the provider's words" },
)

export const nextAction = Type.Object(
  { type: Type.Enum(['redirect'], { title: 'NextActionType' }), url: Type.String({ format: 'uri-reference' }) },
  { title: 'NextAction', description: 'What the payer has to do; a relative address is one of this service' },
)

const paymentCapture = Type.Enum([...captureModes], { title: 'CaptureMode' })

export const paymentView = Type.Object(
  {
    id: Type.String(),
    order_uid: Type.String(),
    provider: Type.String(),
    provider_ref: nullable(Type.String(), { description: 'What the provider calls it; null until it has answered' }),
    state: Type.Enum([...paymentStates], { title: 'PaymentState' }),
    currency: Type.String({ description: 'ISO 4217' }),
    amount: amount('What was asked for'),
    capture: paymentCapture,
    amounts: paymentAmounts,
    next_action: Type.Union([nextAction, Type.Null()], { description: 'What the payer has to do; null: nothing' }),
    available_actions: listOf(Type.Enum([...paymentActions], { title: 'PaymentAction' }), {
      description: 'What can be asked of it now',
    }),
    authorized_until: nullable(time(), { description: 'When what is not captured expires' }),
    failure: Type.Union([paymentFailure, Type.Null()]),
    created_at: time(),
    updated_at: time(),
  },
  { title: 'OrderPayment', description: 'A payment of an order' },
)
export type PaymentView = Static<typeof paymentView>

export const operationView = Type.Object(
  {
    id: Type.String({ description: "Also the provider's idempotency key" }),
    kind: Type.Enum([...operationKinds], { title: 'PaymentOperationKind' }),
    state: Type.Enum([...operationStates], {
      title: 'PaymentOperationState',
      description: 'unknown: it was sent and not answered, and is being found out',
    }),
    amount: amount('What it is for'),
    reason: Type.String(),
    actor: Type.String(),
    rids: listOf(Type.String(), { description: 'The items that a refund is for' }),
    provider_ref: nullable(Type.String()),
    failure: Type.Union([paymentFailure, Type.Null()]),
    attempts: Type.Integer({ minimum: 0, description: 'Calls to the provider so far' }),
    requested_at: time(),
    settled_at: nullable(time(), { description: 'When its outcome was known; null before' }),
  },
  { title: 'PaymentOperation', description: 'What was asked of the provider' },
)
export type OperationView = Static<typeof operationView>

export const providerView = Type.Object(
  {
    name: Type.String({ description: 'In requests and accounts' }),
    title: Type.String({ description: 'What it is, in a few words' }),
    recorded: Type.Boolean({
      description: 'Whether people record what has moved, as of cash; otherwise the provider is called and moves it',
    }),
    capture_modes: listOf(paymentCapture, { description: 'What capture can be when a payment is created' }),
    unsupported_currencies: listOf(Type.String(), { description: 'Currencies whose amounts it cannot represent' }),
    method_tokens: listOf(
      Type.Object(
        { token: Type.String(), description: Type.String({ description: 'What it leads to' }) },
        { title: 'PaymentMethodToken' },
      ),
      { description: 'Tokens for trying it out; empty for a provider that moves money' },
    ),
  },
  { title: 'PaymentProvider', description: 'A provider that payments can be made through' },
)
export type ProviderView = Static<typeof providerView>

/** A payment read by itself, with everything that was asked of its provider, oldest first. */
export const paymentWithOperationsView = Type.Object(
  { ...paymentView.properties, operations: listOf(operationView) },
  { title: 'OrderPaymentWithOperations', description: 'A payment, and what was asked of its provider' },
)
export type PaymentWithOperationsView = Static<typeof paymentWithOperationsView>

export const issueKinds = [
  'unmatched_money',
  'late_payment',
  'amount_mismatch',
  'overpaid',
  'unknown_outcome',
  'refund_failed',
  'dispute',
  'authorization_expiring',
] as const
export type IssueKind = (typeof issueKinds)[number]

/** What a person can do about an issue. Which of them an issue allows depends on its kind. */
export const issueActions = ['refund', 'retry', 'capture', 'void', 'accept', 'dismiss'] as const
export type IssueAction = (typeof issueActions)[number]

export const issueStates = ['open', 'resolved'] as const
export type IssueState = (typeof issueStates)[number]

export const issueAction = Type.Enum([...issueActions], {
  title: 'PaymentIssueAction',
  description:
    "refund: pays back what is not the order's; accept: keeps it; retry: refunds what could not be paid out; capture and void: of " +
    'what is authorized; dismiss: nothing is to be done, or it was done elsewhere',
})

export const issueView = Type.Object(
  {
    id: Type.String(),
    kind: Type.Enum([...issueKinds], { title: 'PaymentIssueKind' }),
    state: Type.Enum([...issueStates], { title: 'PaymentIssueState' }),
    order_uid: nullable(Type.String()),
    payment_id: nullable(Type.String()),
    provider: Type.String(),
    currency: nullable(Type.String()),
    amount: nullable(Type.Integer({ minimum: 1, format: 'int64' })),
    detail: Type.String({ description: 'What is wrong, in a sentence' }),
    available_actions: listOf(issueAction, { description: 'What can be done about it now' }),
    opened_at: time(),
    resolved_at: nullable(time()),
    action: nullable(Type.String(), { description: 'What was done about it; settled: it has settled itself' }),
    reason: nullable(Type.String()),
    actor: nullable(Type.String()),
  },
  { title: 'PaymentIssue', description: 'Work that is left for a person' },
)
export type IssueView = Static<typeof issueView>
