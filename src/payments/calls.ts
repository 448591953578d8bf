import { settledWithin } from '../platform/deadline.ts'
import type { Logger } from '../platform/log.ts'
import { isPowerOfTwo } from '../platform/periodic.ts'
import { reasonOf } from '../platform/reason.ts'
import type { PaymentMetrics } from './metrics.ts'
import type { Operation, OperationKind, Payment } from './payment.ts'
import type { CalledProvider, CallOutcome, FetchOutcome, Lookup, PaymentReference } from './provider.ts'

/** How long a provider may take for an answer, in milliseconds; afterwards nothing is known. */
const callDeadlineMs = 15_000

/** The ways to a provider, outside of every transaction and lock. None of them throws. */
export type ProviderCalls = Readonly<{
  /** Asks for an operation. Its id is the idempotency key, so it may be asked for again. */
  operate(provider: CalledProvider, payment: Payment, operation: Operation): Promise<CallOutcome>
  /** Reads a payment at the provider. */
  look(provider: CalledProvider, lookup: Lookup): Promise<FetchOutcome>
}>

type Options = Readonly<{
  metrics: PaymentMetrics
  log: Logger
  /** Stores what the provider calls a payment, before its money moves. */
  keepReference: (payment: Payment, providerRef: string) => Promise<void>
  /** How long a provider may take, in milliseconds. */
  deadlineMs?: number
}>

export function createProviderCalls(options: Options): ProviderCalls {
  const { metrics, log, deadlineMs = callDeadlineMs } = options
  let failures = 0
  const ask = async <Outcome extends { kind: string }>(
    { name }: CalledProvider,
    what: OperationKind | 'fetch',
    call: (signal: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome | { kind: 'unknown'; detail: string }> => {
    const startedMs = performance.now()
    const outcome = await withinDeadline(call, deadlineMs, error => {
      failures += 1
      // A provider promises not to throw: one that does has a fault, and its payments are looked up all the same.
      if (isPowerOfTwo(failures)) log.warn({ err: error, provider: name, call: what, failures }, 'a provider failed')
    })
    metrics.called({ provider: name, call: what, outcome: outcome.kind, durationMs: performance.now() - startedMs })
    if (outcome.kind === 'unknown') log.info({ provider: name, call: what, ...outcome }, 'a provider has not answered')
    return outcome
  }
  return {
    operate: (provider, payment, operation) =>
      ask(provider, operation.kind, signal => send(provider, payment, operation, signal, options)),
    look: (provider, lookup) => ask(provider, 'fetch', signal => provider.fetch(lookup, signal)),
  }
}

async function withinDeadline<Outcome>(
  call: (signal: AbortSignal) => Promise<Outcome>,
  deadlineMs: number,
  onError: (error: unknown) => void,
): Promise<Outcome | { kind: 'unknown'; detail: string }> {
  const deadline = new AbortController()
  const answered = call(deadline.signal).catch((error: unknown) => {
    onError(error)
    return { kind: 'unknown', detail: reasonOf(error) } as const
  })
  const outcome = await settledWithin(answered, deadlineMs)
  if (outcome !== undefined) return outcome
  deadline.abort()
  return { kind: 'unknown', detail: `no answer within ${deadlineMs} ms` }
}

function send(
  provider: CalledProvider,
  payment: Payment,
  operation: Operation,
  signal: AbortSignal,
  { keepReference }: Options,
): Promise<CallOutcome> {
  const { operationId, amount, isFinal, reason, methodToken, returnUrl, kind } = operation
  const request = { ...referenceOf(payment), operationId }
  switch (kind) {
    case 'authorize':
      return provider.authorize({ ...request, amount, capture: payment.capture, methodToken, returnUrl }, signal, ref =>
        keepReference(payment, ref),
      )
    case 'capture':
      return provider.capture({ ...request, amount, isFinal }, signal)
    case 'void':
      return provider.void(request, signal)
    case 'refund':
      return provider.refund({ ...request, amount, reason }, signal)
  }
}

/** A payment as both sides know it. */
export function referenceOf({ paymentId, orderUid, providerRef, currency }: Payment): PaymentReference {
  return { paymentId, orderUid, providerRef, currency }
}
