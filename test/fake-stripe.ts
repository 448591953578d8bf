import { signStripeEvent } from './fake-stripe-events.ts'
import {
  type FakeDispute,
  type FakeIntent,
  type FakeRefund,
  showDispute,
  showEvent,
  showIntent,
  showList,
  showRefund,
} from './fake-stripe-objects.ts'

/**
 * A server with the part of Stripe's API that is used, and its state: intents, charges, refunds, disputes, idempotency keys for 24
 * hours, webhooks, and faults. Stripe's own mock checks the form of requests only; it has no state.
 *
 * What a payment comes to is said by its payment method. `pm_card_visa`, `pm_card_chargeDeclined`, `pm_card_authenticationRequired` and
 * `pm_card_refundFail` are as in Stripe's test mode. Of `pm_card_lost` the first answer is lost, `pm_card_slow` is under way for a minute,
 * and the authorization of `pm_card_expires` lasts a minute.
 */
export type FakeStripe = Awaited<ReturnType<typeof startFakeStripe>>

const slowSeconds = 60

/** What happens to the next call of a path that ends like this, such as `/capture`. */
export type Fault = {
  path: string
  /**
   * `late`: done, and answered with 500, which is kept as the answer to the key; `lost`: done, and the connection is cut; `refused`: 429,
   * not done; `hang`: done, and not answered before it is let go; `busy`: 409, the key is in use; not done
   */
  kind: 'late' | 'lost' | 'refused' | 'hang' | 'busy'
}

const keysKeptMs = 86_400_000
const webhookSecret = 'whsec_fake'

type Answer = { status: number; body: Record<string, unknown> }
type Kept = Answer & { fingerprint: string; atMs: number; answers: number }
type State = {
  intents: Map<string, FakeIntent>
  refunds: FakeRefund[]
  disputes: FakeDispute[]
  keys: Map<string, Kept>
  faults: Fault[]
  hanging: (() => void)[]
  answers: { method: string; path: string; status: number; body: Record<string, unknown> }[]
  webhookUrl: string | undefined
  now: () => number
  sent: number
}

export async function startFakeStripe({ now = Date.now }: { now?: () => number } = {}) {
  const state: State = {
    intents: new Map(),
    refunds: [],
    disputes: [],
    keys: new Map(),
    faults: [],
    hanging: [],
    answers: [],
    webhookUrl: undefined,
    now,
    sent: 0,
  }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: request => answer(state, request),
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    webhookSecret,
    /** Every answer that was given. */
    answers: state.answers,
    refunds: state.refunds,
    intents: state.intents,
    /** Sends webhooks there from now on. */
    sendWebhooksTo(url: string) {
      state.webhookUrl = url
    },
    /** Has calls fail, each once. */
    fail: (...faults: Fault[]) => void state.faults.push(...faults),
    /** Faults that no call has met yet. */
    faults: state.faults,
    /** Answers the calls that hang. */
    letGo() {
      for (const go of state.hanging.splice(0)) go()
    },
    /** The payer has confirmed. */
    async completeAction(id: string) {
      const intent = existing(state, id)
      authorizeCharge(state, intent)
      await sendEvent(state, 'payment_intent.succeeded', showIntent(intent, false))
    },
    /** The payer has given up. */
    async declineAction(id: string) {
      const intent = existing(state, id)
      decline(intent)
      await sendEvent(state, 'payment_intent.payment_failed', showIntent(intent, false))
    },
    /** What succeeded as a refund fails after all. */
    async failRefund(id: string) {
      const refund = state.refunds.find(candidate => candidate.id === id)
      if (refund === undefined) throw new RangeError(`no refund ${id}`)
      failRefund(state, refund)
      await sendEvent(state, 'refund.failed', showRefund(refund))
    },
    /** Has happen what is due by its clock. */
    settle: () => settle(state),
    /** The payer's bank takes money back, or gives it back. */
    async dispute(intentId: string, amount: number, status: 'needs_response' | 'won' | 'lost') {
      const intent = existing(state, intentId)
      if (intent.charge === null) throw new RangeError('nothing was charged')
      intent.charge.isDisputed = true
      let dispute = state.disputes.find(candidate => candidate.intent === intentId)
      if (dispute === undefined) {
        const { currency, charge } = intent
        dispute = {
          id: idOf(state, 'dp'),
          intent: intentId,
          charge: charge.id,
          amount,
          currency,
          status,
          created: seconds(state),
        }
        state.disputes.push(dispute)
      }
      dispute.status = status
      const type = status === 'needs_response' ? 'charge.dispute.created' : 'charge.dispute.closed'
      await sendEvent(state, type, showDispute(dispute))
    },
    /** An event of an intent. */
    eventOf: (id: string) =>
      showEvent(`evt_of_${id}`, 'payment_intent.succeeded', seconds(state), showIntent(existing(state, id), false)),
    disputes: state.disputes,
    /** Sends an event of an intent. */
    sendEvent: (type: string, intentId: string) => sendEvent(state, type, showIntent(existing(state, intentId), false)),
    close: () => server.stop(true),
  }
}

function failRefund(state: State, refund: FakeRefund): void {
  refund.status = 'failed'
  const { charge } = existing(state, refund.intent)
  if (charge !== null) charge.refunded -= refund.amount
}

/** What takes a while is approved, authorizations expire, and refunds of the card for it fail. */
function settle(state: State): void {
  for (const intent of state.intents.values()) {
    if (intent.status === 'processing' && intent.created + slowSeconds <= seconds(state)) authorizeCharge(state, intent)
    if (intent.status !== 'requires_capture' || intent.charge === null) continue
    if (intent.charge.captureBefore > seconds(state)) continue
    intent.status = 'canceled'
    intent.cancellationReason = 'automatic'
  }
  for (const refund of state.refunds) {
    const { method } = existing(state, refund.intent)
    if (method === 'pm_card_refundFail' && refund.status === 'succeeded' && refund.created < seconds(state)) {
      failRefund(state, refund)
    }
  }
}

async function answer(state: State, request: Request): Promise<Response> {
  const url = new URL(request.url)
  const form = new URLSearchParams(request.method === 'POST' ? await request.text() : url.search)
  const fault: Fault | undefined = isLost(state, request, form)
    ? { path: '', kind: 'lost' }
    : takeFault(state, url.pathname)
  if (fault?.kind === 'refused') return toResponse(refusal(429, 'rate_limit', 'too many requests'))
  if (fault?.kind === 'busy')
    return toResponse(refusal(409, 'invalid_request_error', 'it is in use', 'idempotency_key_in_use'))
  const done = once(state, request, url.pathname, form)
  state.answers.push({ method: request.method, path: url.pathname, ...done })
  if (fault?.kind === 'late') return toResponse(keepFailure(state, request))
  if (fault?.kind === 'lost')
    return new Response(new ReadableStream({ start: stream => stream.error(new Error('cut')) }))
  if (fault?.kind === 'hang') await new Promise<void>(resolve => state.hanging.push(resolve))
  return toResponse(done)
}

/** Stripe keeps the answer to a key also when it is 500, so that a repetition does not tell that it was done. */
function keepFailure({ keys }: State, request: Request): Answer {
  const failure = refusal(500, 'api_error', 'it was done all the same')
  const key = request.headers.get('idempotency-key') ?? ''
  const kept = keys.get(key)
  if (kept !== undefined) keys.set(key, { ...kept, ...failure })
  return failure
}

/** The library repeats a call by itself when the connection is cut, once: two answers are lost. */
function isLost({ keys }: State, request: Request, form: URLSearchParams): boolean {
  if (form.get('payment_method') !== 'pm_card_lost') return false
  const kept = keys.get(request.headers.get('idempotency-key') ?? '')
  return kept === undefined || kept.answers < 2
}

function takeFault({ faults }: State, path: string): Fault | undefined {
  const index = faults.findIndex(fault => path.endsWith(fault.path))
  return index < 0 ? undefined : faults.splice(index, 1)[0]
}

/** The same key gives the same answer for 24 hours, also an error; with another request it is an error of its own. */
function once(state: State, request: Request, path: string, form: URLSearchParams): Answer {
  const key = request.headers.get('idempotency-key')
  if (request.method !== 'POST' || key === null) return route(state, request.method, path, form)
  const fingerprint = `${path}?${form}`
  const kept = state.keys.get(key)
  if (kept !== undefined && state.now() - kept.atMs < keysKeptMs) {
    kept.answers += 1
    if (kept.fingerprint === fingerprint) return { status: kept.status, body: kept.body }
    return refusal(400, 'idempotency_error', 'the key was used with other parameters')
  }
  const done = route(state, request.method, path, form)
  state.keys.set(key, { ...done, fingerprint, atMs: state.now(), answers: 1 })
  return done
}

function route(state: State, method: string, path: string, form: URLSearchParams): Answer {
  const [, , resource = '', id = '', action = ''] = path.split('/')
  if (method === 'POST' && resource === 'refunds') return createRefund(state, form)
  if (method === 'GET' && resource === 'refunds') return list(path, state.refunds.filter(of(form)).map(showRefund))
  if (method === 'GET' && resource === 'disputes') return list(path, state.disputes.filter(of(form)).map(showDispute))
  if (resource !== 'payment_intents') return refusal(404, 'invalid_request_error', 'no such address')
  if (method === 'POST' && id === '') return createIntent(state, form)
  if (id === 'search') return search(state, form)
  const intent = state.intents.get(id)
  if (intent === undefined) return missing(id)
  const isExpanded = [...form.values()].includes('latest_charge')
  const change = {
    '': () => undefined,
    confirm: () => confirm(state, intent, form),
    capture: () => capture(intent, form),
    cancel: () => cancel(intent),
  }[action]
  if (change === undefined) return refusal(404, 'invalid_request_error', 'no such address')
  const refused = change()
  return refused ?? { status: 200, body: showIntent(intent, isExpanded) }
}

const of = (form: URLSearchParams) => (item: { intent: string }) => item.intent === form.get('payment_intent')

function list(url: string, data: readonly object[]): Answer {
  return { status: 200, body: showList(url, data) }
}

function createIntent(state: State, form: URLSearchParams): Answer {
  const amount = Number(form.get('amount'))
  if (!Number.isInteger(amount) || amount < 1) return refusal(400, 'invalid_request_error', 'amount must be positive')
  const intent: FakeIntent = {
    id: idOf(state, 'pi'),
    amount,
    currency: form.get('currency') ?? '',
    captureMethod: form.get('capture_method') ?? 'automatic',
    status: 'requires_payment_method',
    metadata: metadataOf(form),
    created: seconds(state),
    cancellationReason: null,
    error: null,
    actionUrl: null,
    method: null,
    charge: null,
  }
  state.intents.set(intent.id, intent)
  return { status: 200, body: showIntent(intent, false) }
}

function search(state: State, form: URLSearchParams): Answer {
  const wanted = /'payment_id'\]:'([^']*)'/.exec(form.get('query') ?? '')?.[1]
  const found = [...state.intents.values()].filter(({ metadata }) => metadata.payment_id === wanted)
  const data = found.map(intent => showIntent(intent, true))
  return { status: 200, body: { object: 'search_result', url: '/v1/payment_intents/search', has_more: false, data } }
}

/** @returns the refusal, if it is one */
function confirm(state: State, intent: FakeIntent, form: URLSearchParams): Answer | undefined {
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    return unexpected(intent)
  }
  intent.method = form.get('payment_method')
  switch (intent.method) {
    case 'pm_card_chargeDeclined':
      decline(intent)
      return { status: 402, body: { error: { ...intent.error, payment_intent: showIntent(intent, false) } } }
    case 'pm_card_authenticationRequired':
      intent.status = 'requires_action'
      intent.actionUrl = `https://hooks.example.test/${intent.id}`
      return undefined
    case 'pm_card_slow':
      intent.status = 'processing'
      return undefined
    default:
      if (!intent.method?.startsWith('pm_card_')) return refusal(400, 'invalid_request_error', 'no such payment method')
      authorizeCharge(state, intent)
      return undefined
  }
}

function decline(intent: FakeIntent): void {
  intent.status = 'requires_payment_method'
  intent.actionUrl = null
  intent.error = {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'Your card was declined.',
  }
}

function authorizeCharge(state: State, intent: FakeIntent): void {
  const isManual = intent.captureMethod === 'manual'
  intent.status = isManual ? 'requires_capture' : 'succeeded'
  intent.actionUrl = null
  intent.charge = {
    id: idOf(state, 'ch'),
    amount: intent.amount,
    captured: isManual ? 0 : intent.amount,
    refunded: 0,
    captureBefore: seconds(state) + (intent.method === 'pm_card_expires' ? 60 : 7 * 86_400),
    isDisputed: false,
  }
}

function capture(intent: FakeIntent, form: URLSearchParams): Answer | undefined {
  if (intent.status !== 'requires_capture' || intent.charge === null) return unexpected(intent)
  const amount = Number(form.get('amount_to_capture') ?? intent.amount)
  if (!(amount > 0 && amount <= intent.amount))
    return refusal(400, 'invalid_request_error', 'more than was authorized', 'amount_too_large')
  intent.charge.captured = amount
  intent.status = 'succeeded'
  return undefined
}

function cancel(intent: FakeIntent): Answer | undefined {
  if (intent.status === 'succeeded' || intent.status === 'canceled') return unexpected(intent)
  intent.status = 'canceled'
  intent.cancellationReason = 'requested_by_customer'
  intent.actionUrl = null
  return undefined
}

function createRefund(state: State, form: URLSearchParams): Answer {
  const intent = state.intents.get(form.get('payment_intent') ?? '')
  if (intent === undefined) return missing(form.get('payment_intent') ?? '')
  const { charge } = intent
  if (charge === null || charge.captured === 0) return unexpected(intent)
  const amount = Number(form.get('amount') ?? charge.captured - charge.refunded)
  if (amount > charge.captured - charge.refunded) {
    return refusal(400, 'invalid_request_error', 'more than is left of the charge', 'charge_already_refunded')
  }
  charge.refunded += amount
  const refund: FakeRefund = {
    id: idOf(state, 're'),
    intent: intent.id,
    charge: charge.id,
    amount,
    currency: intent.currency,
    status: 'succeeded',
    metadata: metadataOf(form),
    created: seconds(state),
  }
  state.refunds.push(refund)
  return { status: 200, body: showRefund(refund) }
}

function metadataOf(form: URLSearchParams): Record<string, string> {
  const entries = [...form].flatMap(([name, value]) => {
    const key = /^metadata\[(\w+)\]$/.exec(name)?.[1]
    return key === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries(entries)
}

function refusal(status: number, type: string, message: string, code?: string): Answer {
  return { status, body: { error: { type, message, ...(code === undefined ? {} : { code }) } } }
}

function missing(id: string): Answer {
  return refusal(404, 'invalid_request_error', `no such object: ${id}`, 'resource_missing')
}

function unexpected({ status }: FakeIntent): Answer {
  return refusal(400, 'invalid_request_error', `its status is ${status}`, 'payment_intent_unexpected_state')
}

function existing({ intents }: State, id: string): FakeIntent {
  const intent = intents.get(id)
  if (intent === undefined) throw new RangeError(`no intent ${id}`)
  return intent
}

function idOf(state: State, kind: string): string {
  state.sent += 1
  return `${kind}_fake${state.sent}`
}

function seconds({ now }: State): number {
  return Math.floor(now() / 1000)
}

function toResponse({ status, body }: Answer): Response {
  return Response.json(body, { status, headers: { 'request-id': 'req_fake' } })
}

async function sendEvent(state: State, type: string, object: object): Promise<void> {
  if (state.webhookUrl === undefined) return
  const event = showEvent(idOf(state, 'evt'), type, seconds(state), object)
  const { header, body } = await signStripeEvent(event, state.now(), webhookSecret)
  await fetch(state.webhookUrl, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'stripe-signature': header },
  })
}
