/** Stripe's objects as the fake keeps them, and as its API shows them: what Stripe's OpenAPI document requires, and what is used. */

export type FakeIntent = {
  id: string
  amount: number
  currency: string
  captureMethod: string
  status:
    | 'requires_confirmation'
    | 'requires_payment_method'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'canceled'
    | 'succeeded'
  metadata: Record<string, string>
  created: number
  cancellationReason: string | null
  error: Record<string, unknown> | null
  actionUrl: string | null
  /** The payment method that it was last confirmed with. */
  method: string | null
  charge: FakeCharge | null
}

export type FakeCharge = {
  id: string
  amount: number
  captured: number
  refunded: number
  captureBefore: number
  isDisputed: boolean
}
export type FakeRefund = {
  id: string
  intent: string
  charge: string
  amount: number
  currency: string
  status: 'pending' | 'succeeded' | 'failed'
  metadata: Record<string, string>
  created: number
}
export type FakeDispute = {
  id: string
  intent: string
  charge: string
  amount: number
  currency: string
  status: string
  created: number
}

/** @param isExpanded whether the latest charge is shown, or its id */
export function showIntent(intent: FakeIntent, isExpanded: boolean) {
  const { charge } = intent
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: intent.status === 'requires_capture' ? intent.amount : 0,
    amount_received: charge?.captured ?? 0,
    currency: intent.currency,
    capture_method: intent.captureMethod,
    status: intent.status,
    metadata: intent.metadata,
    created: intent.created,
    livemode: false,
    cancellation_reason: intent.cancellationReason,
    last_payment_error: intent.error,
    next_action:
      intent.actionUrl === null
        ? null
        : { type: 'redirect_to_url', redirect_to_url: { url: intent.actionUrl, return_url: null } },
    latest_charge: charge === null ? null : isExpanded ? showCharge(intent, charge) : charge.id,
    payment_method_types: ['card'],
  }
}

function showCharge(intent: FakeIntent, charge: FakeCharge) {
  return {
    id: charge.id,
    object: 'charge',
    amount: charge.amount,
    amount_captured: charge.captured,
    amount_refunded: charge.refunded,
    captured: charge.captured > 0,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    created: intent.created,
    currency: intent.currency,
    disputed: charge.isDisputed,
    livemode: false,
    metadata: intent.metadata,
    paid: true,
    payment_intent: intent.id,
    payment_method_details: {
      type: 'card',
      card: { brand: 'visa', exp_month: 8, exp_year: 2030, last4: '4242', capture_before: charge.captureBefore },
    },
    refunded: charge.refunded === charge.captured && charge.captured > 0,
    status: 'succeeded',
  }
}

export function showRefund(refund: FakeRefund) {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    charge: refund.charge,
    payment_intent: refund.intent,
    created: refund.created,
    currency: refund.currency,
    metadata: refund.metadata,
    reason: 'requested_by_customer',
    status: refund.status,
    ...(refund.status === 'failed' ? { failure_reason: 'expired_or_canceled_card' } : {}),
  }
}

export function showDispute(dispute: FakeDispute) {
  return {
    id: dispute.id,
    object: 'dispute',
    amount: dispute.amount,
    balance_transactions: [],
    charge: dispute.charge,
    payment_intent: dispute.intent,
    created: dispute.created,
    currency: dispute.currency,
    enhanced_eligibility_types: [],
    evidence: evidence(),
    evidence_details: {
      due_by: null,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    reason: 'fraudulent',
    status: dispute.status,
  }
}

/** Everything that evidence may consist of, none of it given. */
function evidence() {
  const texts = [
    'access_activity_log',
    'billing_address',
    'cancellation_policy',
    'cancellation_policy_disclosure',
    'cancellation_rebuttal',
    'customer_communication',
    'customer_email_address',
    'customer_name',
    'customer_purchase_ip',
    'customer_signature',
    'duplicate_charge_documentation',
    'duplicate_charge_explanation',
    'duplicate_charge_id',
    'product_description',
    'receipt',
    'refund_policy',
    'refund_policy_disclosure',
    'refund_refusal_explanation',
    'service_date',
    'service_documentation',
    'shipping_address',
    'shipping_carrier',
    'shipping_date',
    'shipping_documentation',
    'shipping_tracking_number',
    'uncategorized_file',
    'uncategorized_text',
  ]
  return { ...Object.fromEntries(texts.map(name => [name, null])), enhanced_evidence: {} }
}

export function showEvent(id: string, type: string, created: number, object: object) {
  return {
    id,
    object: 'event',
    api_version: '2026-10-28.endive',
    created,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  }
}

export function showList(url: string, data: readonly object[]) {
  return { object: 'list', url, has_more: false, data }
}
