import type { Currency } from '../platform/currencies.ts'
import type { CaptureMode, Failure, NextAction, Payment } from './payment.ts'

/**
 * A payment provider: one file in `providers/`, one value, and an entry in `providers.ts`. docs/payment-providers.md says how to add
 * one. Every provider passes the same conformance suite. Amounts here are in the currency's ISO 4217 minor unit; a provider converts
 * them itself.
 */
export type Provider = CalledProvider | RecordedProvider

type Described = Readonly<{
  /** Its name in requests and accounts: `a-z 0-9 _ -`. */
  name: string
  /** What it is, in a few words, for the page. */
  title: string
  /** What stands for a payer's card or account where there is none, as in a sandbox: each token with what it leads to. */
  methodTokens?: Readonly<Record<string, string>>
  /**
   * The amount as the provider writes it; undefined when it cannot represent it, which is found out before anything is sent.
   *
   * @param amount in the currency's ISO 4217 minor unit
   */
  toProviderAmount(amount: number, code: string, currency: Currency): number | undefined
  /** The same back; undefined when the provider's amount has more digits than the currency. */
  fromProviderAmount(amount: number, code: string, currency: Currency): number | undefined
}>

/**
 * Money that people record (`POST /api/payments/:id/records`) and no call moves, such as cash on delivery. What is to be paid counts
 * as authorized from the beginning; releasing the rest needs nobody.
 */
export type RecordedProvider = Described & Readonly<{ isRecorded: true }>

/**
 * A provider that is called, such as Stripe.
 *
 * Each function is called outside every transaction and lock, and may be called again with the same request: the operation's id is
 * the idempotency key. A call that is not answered, also because of the signal, resolves to `unknown` and never throws for it.
 */
export type CalledProvider = Described &
  Readonly<{
    isRecorded?: undefined
    /** How long it keeps idempotency keys, in milliseconds: an operation is repeated that long, and looked up afterwards. */
    keysKeptMs: number
    /** The longest that an authorization may wait for the payer, in milliseconds; afterwards it is looked up. */
    actionMaxMs: number
    /**
     * @param keepReference stores what the provider calls the payment. A provider that authorizes in two calls awaits it between
     *   them, before anything moves: an authorization whose answer is lost is then found by its reference
     */
    authorize(
      request: AuthorizeRequest,
      signal: AbortSignal,
      keepReference: (providerRef: string) => Promise<void>,
    ): Promise<CallOutcome>
    capture(request: CaptureRequest, signal: AbortSignal): Promise<CallOutcome>
    void(request: OperationRequest, signal: AbortSignal): Promise<CallOutcome>
    refund(request: RefundRequest, signal: AbortSignal): Promise<CallOutcome>
    /** Reads a payment at the provider. */
    fetch(lookup: Lookup, signal: AbortSignal): Promise<FetchOutcome>
    /**
     * Reads an event that it sent, and checks its signature and its time. Undefined: it sends none.
     *
     * @param headers of the request; @param body its bytes as they came
     */
    readWebhook?(headers: WebhookHeaders, body: Uint8Array, nowMs: number): Promise<WebhookReading>
  }>

export type WebhookHeaders = Pick<Headers, 'get'>

/** A payment as both sides know it. */
export type PaymentReference = Readonly<{
  paymentId: string
  orderUid: string
  /** Undefined until the provider has answered. */
  providerRef: string | undefined
  currency: string
}>

/** What a payment is looked up by: the provider's reference or, where that never arrived, ours. An event gives the first only. */
export type Lookup = PaymentReference | Readonly<{ providerRef: string; paymentId?: undefined }>

export type OperationRequest = PaymentReference & Readonly<{ operationId: string }>
export type AuthorizeRequest = OperationRequest &
  Readonly<{
    amount: number
    capture: CaptureMode
    methodToken: string | undefined
    /** Where the payer is sent back to after an action. */
    returnUrl: string | undefined
  }>
export type CaptureRequest = OperationRequest & Readonly<{ amount: number; isFinal: boolean }>
export type RefundRequest = OperationRequest & Readonly<{ amount: number; reason: string }>

/** What a call came to. */
export type CallOutcome =
  /** The payment as it is at the provider after the call. */
  | { kind: 'reported'; report: PaymentReport }
  /** The provider's word that the operation is not done and will not be. */
  | { kind: 'refused'; failure: Failure; report?: PaymentReport }
  /** Sent, or perhaps sent, and not answered: nothing is known. @param detail for the log, without secrets */
  | { kind: 'unknown'; detail: string }
  /** Not sent, such as when the provider asks to come back later: nothing has happened. */
  | { kind: 'not_sent'; detail: string; retryAfterMs?: number }

export type FetchOutcome =
  | { kind: 'reported'; report: PaymentReport }
  /** The provider has never had it. */
  | { kind: 'absent' }
  | { kind: 'unknown'; detail: string }

/** A payment as its provider has it: the whole of it, so that it does not matter in which order reports arrive. */
export type PaymentReport = Readonly<{
  providerRef: string
  /** Our ids, where the provider returns them: undefined for a payment that it did not get from us. */
  paymentId?: string | undefined
  orderUid?: string | undefined
  currency: string
  authorization: AuthorizationReport
  /** Captured in all. */
  captured: number
  /** Every refund; `operationId` is ours, and missing for one that was made at the provider. */
  refunds: readonly MovementReport[]
  disputes: readonly DisputeReport[]
}>

export type AuthorizationReport =
  /** The provider has the payment, and was not asked for the money yet, such as between the two calls of an authorization. */
  | { state: 'created' }
  | { state: 'processing' }
  | { state: 'requires_action'; nextAction: NextAction | undefined }
  /** Also when some or all of it is captured. @param amount what was authorized in all */
  | { state: 'authorized'; amount: number; untilMs?: number | undefined }
  | { state: 'failed'; failure: Failure }
  /** Released as a whole or, after a capture, what was left. @param amount what had been authorized in all */
  | { state: 'voided' | 'expired'; amount: number }

export type MovementReport = Readonly<{
  ref: string
  operationId?: string | undefined
  amount: number
  state: 'pending' | 'succeeded' | 'failed'
  failure?: Failure | undefined
}>

export type DisputeReport = Readonly<{ ref: string; amount: number; state: 'open' | 'won' | 'lost' }>

export type WebhookReading =
  /**
   * Signed by the provider.
   *
   * @param providerRef of the payment to fetch; undefined when the event is about something else
   * @param isOurs false for a payment of another shop on the same account, as far as the event tells
   */
  | { kind: 'event'; eventId: string; type: string; providerRef: string | undefined; isOurs: boolean }
  /** The signature, its time or the form is wrong. @param detail for the answer, without secrets */
  | { kind: 'refused'; detail: string }

/**
 * Whether people record the money of a payment. Those that orders arrived with are recorded, whatever provider the order names: it was
 * not asked by us. A payment of a provider that is no longer configured is not: what is asked of it waits.
 */
export function isRecordedPayment(
  { paymentId, orderUid, provider }: Pick<Payment, 'paymentId' | 'orderUid' | 'provider'>,
  providers: ReadonlyMap<string, Provider>,
): boolean {
  return paymentId === orderUid || providers.get(provider)?.isRecorded === true
}
