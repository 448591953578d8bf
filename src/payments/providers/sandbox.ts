import { randomBytes } from 'node:crypto'
import { Notifier } from '../../events/notifier.ts'
import type { Logger } from '../../platform/log.ts'
import type { Pool } from '../../platform/postgres.ts'
import { reasonOf } from '../../platform/reason.ts'
import type { Failure } from '../payment.ts'
import type {
  AuthorizeRequest,
  CalledProvider,
  CallOutcome,
  FetchOutcome,
  Lookup,
  OperationRequest,
} from '../provider.ts'
import type { StartedProvider } from '../providers.ts'
import { pageAddress, sandboxPageRoutes } from '../sandbox/page.ts'
import {
  declined,
  decideOperation,
  keyReused,
  openPayment,
  reportOf,
  type SandboxOperation,
  type SandboxPayment,
  type SandboxTimes,
  type SandboxToken,
  sandboxTimes,
  sandboxTokens,
  stateOf,
} from '../sandbox/payment.ts'
import { createSandboxStore, type SandboxStore } from '../sandbox/store.ts'
import { type DeliverEvent, readSigned, runSandboxEvents, sendDueEvents } from '../sandbox/webhooks.ts'

export type SandboxOptions = Readonly<{
  pool: Pool
  now: () => number
  log: Logger
  basePath: string
  /** Receives its webhooks, as the endpoint for webhooks does. */
  deliver: DeliverEvent
  times?: Partial<SandboxTimes>
  /** What its webhooks are signed with, the newest first; random, and known to this process alone, unless given. */
  secrets?: readonly [string, ...string[]]
}>

/**
 * The sandbox: a provider in miniature for development, tests and the demo, where no money moves. What a payment comes to is said by
 * its token (`sandboxTokens`), or by the payer on the payment page. It keeps its payments in tables of its own, so that they outlast
 * the process and are the same on all instances.
 */
export function createSandbox(options: SandboxOptions): StartedProvider & { provider: CalledProvider } {
  const { pool, now, log, deliver, basePath } = options
  const secrets = options.secrets ?? [randomBytes(32).toString('hex')]
  const times = { ...sandboxTimes, ...options.times }
  const stored = new Notifier()
  const store = createSandboxStore({ pool, now, times, onEvents: () => stored.notify() })
  const sender = { pool, now, log, deliver, secret: secrets[0] ?? '' }
  const calls = { store, now, times, basePath, sendFirst: (ref: string) => sendDueEvents(sender, ref) }
  return {
    provider: {
      name: 'sandbox',
      title: 'Sandbox: for trying out, no money moves',
      methodTokens: sandboxTokens,
      keysKeptMs: 86_400_000,
      actionMaxMs: 3_600_000,
      toProviderAmount: amount => amount,
      fromProviderAmount: amount => amount,
      authorize: (request, signal) => untilAborted(signal, () => authorize(calls, request)),
      capture: (request, signal) => untilAborted(signal, () => operate(calls, request, 'capture', request)),
      void: (request, signal) => untilAborted(signal, () => operate(calls, request, 'void', all)),
      refund: (request, signal) =>
        untilAborted(signal, () => operate(calls, request, 'refund', { amount: request.amount, isFinal: false })),
      fetch: (lookup, signal) => untilAborted(signal, () => fetchPayment(calls, lookup)),
      readWebhook: async (headers, body, nowMs) => readSigned(headers, body, secrets, nowMs),
    },
    routes: sandboxPageRoutes({ store, now, times }),
    workers: [{ name: 'sandbox webhooks', run: stop => runSandboxEvents(sender, stored, stop) }],
  }
}

type Calls = Readonly<{
  store: SandboxStore
  now: () => number
  times: SandboxTimes
  basePath: string
  /** Sends the webhooks of a payment before its call is answered. */
  sendFirst: (ref: string) => Promise<unknown>
}>

/** A void is for all that is left. */
const all = { amount: 0, isFinal: false }

async function authorize(calls: Calls, request: AuthorizeRequest): Promise<CallOutcome> {
  const { methodToken = 'tok_action', returnUrl, operationId, paymentId, orderUid, currency, amount, capture } = request
  if (!isToken(methodToken)) return refused({ code: 'token_unknown', message: 'The sandbox does not know this token' })
  const asked = { paymentId, orderUid, currency, amount, capture, token: methodToken }
  const opened = openPayment(
    { ref: `sbx_${operationId}`, ...asked, ...(returnUrl === undefined ? {} : { returnUrl }) },
    calls.now(),
    calls.times,
  )
  const payment = await calls.store.insert(opened)
  const isSame = (Object.keys(asked) as (keyof typeof asked)[]).every(name => payment[name] === asked[name])
  if (!isSame) return refused(keyReused)
  return answer(calls, payment)
}

function isToken(text: string): text is SandboxToken {
  return Object.hasOwn(sandboxTokens, text)
}

const refused = (failure: Failure): CallOutcome => ({ kind: 'refused', failure })

async function answer(calls: Calls, payment: SandboxPayment): Promise<CallOutcome> {
  if (payment.token === 'tok_webhook_first') await calls.sendFirst(payment.ref)
  if (isSilent(payment, calls.now())) return silence
  const report = reportFor(calls, payment)
  return payment.payer === 'declined' ? { kind: 'refused', failure: declined, report } : { kind: 'reported', report }
}

/** Whether nothing is answered about a payment yet. */
function isSilent(payment: SandboxPayment, nowMs: number): boolean {
  return payment.token === 'tok_timeout' && stateOf(payment, nowMs) === 'processing'
}

const silence = { kind: 'unknown', detail: 'the sandbox does not answer, as its token says' } as const

function reportFor({ now, basePath }: Calls, payment: SandboxPayment) {
  return reportOf(payment, now(), pageAddress(basePath, payment.ref))
}

async function operate(
  calls: Calls,
  { operationId, ...lookup }: OperationRequest,
  kind: SandboxOperation['kind'],
  { amount, isFinal }: Pick<SandboxOperation, 'amount' | 'isFinal'>,
): Promise<CallOutcome> {
  const { store, now, times } = calls
  const ref = lookup.providerRef ?? (await find(store, lookup))?.ref
  const operation = { id: operationId, kind, amount, isFinal }
  const change =
    ref === undefined ? undefined : await store.change(ref, found => decideOperation(found, operation, now(), times))
  if (change === undefined) return refused({ code: 'payment_unknown', message: 'The sandbox has no such payment' })
  const { decision, payment } = change
  if (decision.kind === 'refused') {
    return { kind: 'refused', failure: decision.failure, report: reportFor(calls, payment) }
  }
  return answer(calls, payment)
}

async function find(store: SandboxStore, lookup: Lookup): Promise<SandboxPayment | undefined> {
  if (lookup.providerRef !== undefined) return store.read(lookup.providerRef)
  return lookup.paymentId === undefined ? undefined : (await store.readOf(lookup.paymentId))[0]
}

async function fetchPayment(calls: Calls, lookup: Lookup): Promise<FetchOutcome> {
  const payment = await find(calls.store, lookup)
  if (payment === undefined) return { kind: 'absent' }
  if (isSilent(payment, calls.now())) return silence
  return { kind: 'reported', report: reportFor(calls, payment) }
}

/** Does not wait for a call longer than the caller does. What fails, such as the database, is an answer that is not known. */
async function untilAborted<Outcome>(
  signal: AbortSignal,
  call: () => Promise<Outcome>,
): Promise<Outcome | { kind: 'unknown'; detail: string }> {
  const aborted = Promise.withResolvers<{ kind: 'unknown'; detail: string }>()
  const givenUp = { kind: 'unknown', detail: 'the call was given up before it was answered' } as const
  if (signal.aborted) return givenUp
  const giveUp = () => aborted.resolve(givenUp)
  signal.addEventListener('abort', giveUp)
  try {
    return await Promise.race([aborted.promise, call()])
  } catch (error) {
    return { kind: 'unknown', detail: reasonOf(error) }
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
