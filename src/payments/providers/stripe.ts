import type Stripe from 'stripe'
import { currencies } from '../../platform/currencies.ts'
import type {
  AuthorizeRequest,
  CalledProvider,
  CallOutcome,
  CaptureRequest,
  FetchOutcome,
  Lookup,
  OperationRequest,
  RefundRequest,
} from '../provider.ts'
import { fromStripeAmount, toStripeAmount } from '../stripe/amounts.ts'
import { chargeOf, failureOf, type Metadata, toReport } from '../stripe/report.ts'
import { readStripeWebhook } from '../stripe/webhook.ts'

export type StripeOptions = {
  apiKey: string
  /** Where its API is; undefined for Stripe's own. */
  apiBase: string | undefined
  /** That webhooks are signed with: two while one replaces the other. */
  webhookSecrets: readonly string[]
}

const hourMs = 3_600_000
/** Calls are given up a little before the service gives up on them. */
const timeoutMs = 14_000
/** Refunds and disputes that a payment may have. */
const listMax = 100

/**
 * Stripe, by PaymentIntents. An authorization is two calls: an intent is created, which moves nothing, its id is stored, and it is
 * confirmed. Its library is loaded with the first call.
 */
export function createStripeProvider(options: StripeOptions): CalledProvider {
  let loaded: Promise<Stripe> | undefined
  const client = () => {
    loaded ??= connect(options)
    return loaded
  }
  return {
    name: 'stripe',
    title: 'Stripe',
    keysKeptMs: 24 * hourMs,
    actionMaxMs: 24 * hourMs,
    toProviderAmount: toStripeAmount,
    fromProviderAmount: fromStripeAmount,
    authorize: (request, signal, keepReference) =>
      outcomeOf(signal, async () => authorize(await client(), request, keepReference)),
    capture: (request, signal) => outcomeOf(signal, async () => capture(await client(), request)),
    void: (request, signal) => outcomeOf(signal, async () => cancel(await client(), request)),
    refund: (request, signal) => outcomeOf(signal, async () => refund(await client(), request)),
    fetch: (lookup, signal) => fetchOutcomeOf(signal, async () => fetchPayment(await client(), lookup)),
    readWebhook: async (headers, body, nowMs) =>
      readStripeWebhook(await client(), options.webhookSecrets, headers, body, nowMs),
  }
}

async function connect({ apiKey, apiBase }: StripeOptions): Promise<Stripe> {
  const { default: Client } = await import('stripe')
  const base = apiBase === undefined ? undefined : new URL(apiBase)
  const isPlain = base?.protocol === 'http:'
  return new Client(apiKey, {
    // Whether a call is repeated is decided where its outcome is stored.
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    appInfo: { name: 'orders' },
    ...(base && {
      protocol: isPlain ? 'http' : 'https',
      host: base.hostname,
      port: base.port || (isPlain ? 80 : 443),
    }),
  })
}

const expandCharge = { expand: ['latest_charge'] }

async function authorize(
  stripe: Stripe,
  request: AuthorizeRequest,
  keepReference: (providerRef: string) => Promise<void>,
): Promise<CallOutcome> {
  const { operationId, methodToken, returnUrl } = request
  let { providerRef } = request
  if (providerRef === undefined) {
    const created = await stripe.paymentIntents.create(
      {
        amount: stripeAmount(request.amount, request.currency),
        currency: request.currency.toLowerCase(),
        capture_method: request.capture,
        allowed_payment_method_types: ['card'],
        metadata: metadataOf(request),
      },
      { idempotencyKey: `${operationId}-create` },
    )
    providerRef = created.id
    await keepReference(providerRef)
  }
  const intent = await stripe.paymentIntents.confirm(
    providerRef,
    {
      ...(methodToken === undefined ? {} : { payment_method: methodToken }),
      ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
      ...expandCharge,
    },
    { idempotencyKey: operationId },
  )
  return reported(stripe, intent)
}

async function capture(stripe: Stripe, request: CaptureRequest): Promise<CallOutcome> {
  const intent = await stripe.paymentIntents.capture(
    refOf(request),
    { amount_to_capture: stripeAmount(request.amount, request.currency), ...expandCharge },
    { idempotencyKey: request.operationId },
  )
  return reported(stripe, intent)
}

async function cancel(stripe: Stripe, request: OperationRequest): Promise<CallOutcome> {
  const intent = await stripe.paymentIntents.cancel(
    refOf(request),
    { cancellation_reason: 'requested_by_customer', ...expandCharge },
    { idempotencyKey: request.operationId },
  )
  return reported(stripe, intent)
}

async function refund(stripe: Stripe, request: RefundRequest): Promise<CallOutcome> {
  await stripe.refunds.create(
    {
      payment_intent: refOf(request),
      amount: stripeAmount(request.amount, request.currency),
      reason: 'requested_by_customer',
      metadata: metadataOf(request),
    },
    { idempotencyKey: request.operationId },
  )
  return reported(stripe, await stripe.paymentIntents.retrieve(refOf(request), expandCharge))
}

async function fetchPayment(stripe: Stripe, lookup: Lookup): Promise<FetchOutcome> {
  if (lookup.providerRef !== undefined) {
    return reported(stripe, await stripe.paymentIntents.retrieve(lookup.providerRef, expandCharge))
  }
  // An intent whose id never arrived was not confirmed: it has moved nothing. Stripe's search may show it a minute late.
  const { data } = await stripe.paymentIntents.search({
    query: `metadata['payment_id']:'${lookup.paymentId}'`,
    limit: 1,
    expand: ['data.latest_charge'],
  })
  return data[0] === undefined ? { kind: 'absent' } : reported(stripe, data[0])
}

/** Reads what belongs to an intent, where its charge says that there may be something. */
async function reported(stripe: Stripe, intent: Stripe.PaymentIntent) {
  const charge = chargeOf(intent)
  const of = { payment_intent: intent.id, limit: listMax }
  const [refunds, disputes] = await Promise.all([
    // A refund that has failed is no longer in the charge's sum, so that the sum does not tell whether there are any.
    charge?.captured === true ? stripe.refunds.list(of) : none,
    charge?.disputed === true ? stripe.disputes.list(of) : none,
  ])
  return { kind: 'reported' as const, report: toReport({ intent, refunds: refunds.data, disputes: disputes.data }) }
}

const none = { data: [] }

function metadataOf({ paymentId, orderUid, operationId }: OperationRequest): Metadata {
  return { payment_id: paymentId, order_uid: orderUid, operation_id: operationId }
}

/** @throws RangeError for an amount that was not checked before */
function stripeAmount(amount: number, code: string): number {
  const currency = currencies.get(code)
  const stripe = currency && toStripeAmount(amount, code, currency)
  if (stripe === undefined) throw new RangeError(`Stripe cannot represent ${amount} in ${code}`)
  return stripe
}

/** @throws RangeError for a payment that Stripe does not have */
function refOf({ providerRef, paymentId }: OperationRequest): string {
  if (providerRef === undefined) throw new RangeError(`payment ${paymentId} has no intent yet`)
  return providerRef
}

/** What an error of Stripe says about the operation. */
async function outcomeOf(signal: AbortSignal, call: () => Promise<CallOutcome>): Promise<CallOutcome> {
  if (signal.aborted) return { kind: 'not_sent', detail: 'the deadline is over' }
  try {
    return await untilAborted(signal, call())
  } catch (error) {
    const { type } = readError(error)
    switch (type) {
      case 'StripeCardError':
      case 'StripeInvalidRequestError':
      case 'StripeIdempotencyError':
        return { kind: 'refused', failure: failureOf(error as Stripe.errors.StripeError) }
      case 'StripeAuthenticationError':
      case 'StripePermissionError':
      case 'StripeRateLimitError':
        return { kind: 'not_sent', detail: readError(error).detail }
      default:
        // Stripe answers 500 also for what it has done, and repeats that answer to the same key: the payment itself is read.
        return { kind: 'unknown', detail: readError(error).detail }
    }
  }
}

async function fetchOutcomeOf(signal: AbortSignal, call: () => Promise<FetchOutcome>): Promise<FetchOutcome> {
  try {
    return await untilAborted(signal, call())
  } catch (error) {
    const { code, detail } = readError(error)
    return code === 'resource_missing' ? { kind: 'absent' } : { kind: 'unknown', detail }
  }
}

/** What kind of error it is. Messages of Stripe's errors may quote what was sent, so `detail` has codes only. */
function readError(error: unknown): { type: string | undefined; code: string | undefined; detail: string } {
  const { type, code, requestId, name } = error as Partial<Stripe.errors.StripeError>
  return { type, code, detail: [type ?? name, code, requestId].filter(part => part !== undefined).join(' ') }
}

/** The library takes no signal: its call is left to its own timeout. */
function untilAborted<Result>(signal: AbortSignal, call: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
