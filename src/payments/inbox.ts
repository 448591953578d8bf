import { AppError } from '../errors.ts'
import { Notifier } from '../events/notifier.ts'
import type { Worker } from '../module.ts'
import type { Route } from '../platform/http.ts'
import { Counter, type Registry } from '../platform/metrics.ts'
import { problemAnswer } from '../platform/openapi.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { readBody } from '../platform/request-body.ts'
import type { Provider, WebhookHeaders } from './provider.ts'
import { removeOldProviderEvents } from './webhook-queries.ts'
import { applyDueProviderEvents, type EventApplication, receiveProviderEvent } from './webhooks.ts'

/** The inbox as it runs: its endpoint, and the worker that applies what came in. */
export type ProviderInbox = Readonly<{
  routes: readonly Route[]
  workers: readonly Worker[]
  /** Receives an event as the endpoint does. @returns whether it was accepted */
  deliver(provider: string, headers: WebhookHeaders, body: Uint8Array): Promise<boolean>
}>

type Options = Omit<EventApplication, 'count' | 'random' | 'provider'> &
  Readonly<{
    /** The providers by name; they are asked for when an event comes. */
    providers: () => ReadonlyMap<string, Provider>
    registry: Registry
    /** Whether the clock is right. Otherwise nothing is removed because of its age. */
    isClockRight: () => boolean
  }>

const sizeBytesMax = 256 * 1024
/** How long an event that is settled is kept, to know it again: longer than any provider repeats one. */
const keptForMs = 90 * 86_400_000
const removedMax = 500

/** Makes the inbox. What comes by one instance is applied by any. */
export function createProviderInbox(options: Options): ProviderInbox {
  const { providers, registry, log } = options
  const stored = new Notifier()
  const counter = new Counter({
    name: 'payment_provider_events_total',
    help:
      'Events of payment providers: stored, known already, refused for their signature or form, applied, of another shop, ' +
      'about no payment, or of a payment that is not here (unmatched)',
    labelNames: ['provider', 'outcome'],
    registers: [registry],
  })
  const application: EventApplication = {
    ...options,
    provider: name => providers().get(name),
    count: (provider, outcome) => counter.inc({ provider, outcome }),
    random: Math.random,
  }
  const receive = (provider: Provider, headers: WebhookHeaders, body: Uint8Array) =>
    receiveProviderEvent(application, provider, headers, body, () => stored.notify())
  const run = async (stop: AbortSignal) => {
    const seen = stored.seen()
    if (!(await applyDueProviderEvents(application))) await stored.next(seen, stop)
    return 'more'
  }
  const failure = 'events of payment providers could not be applied'
  return {
    routes: [routeOf(providers, receive)],
    workers: [
      {
        name: 'provider events',
        run: stop => runPeriodically({ run: () => run(stop), pauseMs: 5_000, retryMs: 100, failure, log }, stop),
      },
      { name: 'expiry of provider events', run: stop => expireProviderEvents(options, stop) },
    ],
    async deliver(name, headers, body) {
      const provider = providers().get(name)
      return provider !== undefined && (await receive(provider, headers, body)).kind !== 'refused'
    },
  }
}

/** Removes events that were settled long ago, until told to stop. Every instance may do it. */
async function expireProviderEvents({ pool, now, isClockRight, log }: Options, stop: AbortSignal): Promise<void> {
  const run = async () => {
    if (!isClockRight()) return 'done'
    return (await removeOldProviderEvents(pool, now() - keptForMs, removedMax)) < removedMax ? 'done' : 'more'
  }
  const failure = 'old events of payment providers could not be removed'
  await runPeriodically({ run, pauseMs: 600_000, failure, log }, stop)
}

type Receive = (
  provider: Provider,
  headers: WebhookHeaders,
  body: Uint8Array,
) => ReturnType<typeof receiveProviderEvent>

function routeOf(providers: Options['providers'], receive: Receive): Route {
  return {
    method: 'POST',
    path: '/api/payments/webhooks/:provider',
    // The signature says who sends it.
    scope: 'public',
    operation,
    async handle({ request, params: { provider: name = '' } }) {
      const provider = providers().get(name)
      if (provider === undefined)
        throw new AppError('PROVIDER_UNKNOWN', 'no payment provider of this name is configured')
      const receipt = await receive(provider, request.headers, await readBody(request, sizeBytesMax))
      if (receipt.kind === 'refused') throw new AppError('WEBHOOK_SIGNATURE_INVALID', receipt.detail)
      return new Response(null, { status: 200 })
    },
  }
}

const operation = {
  operationId: 'receiveProviderEvent',
  summary: 'Receive an event of a payment provider',
  description:
    'For providers, who sign what they send. An event is stored before it is answered and applied once, however often it comes: ' +
    'the payment that it names is read from the provider.',
  tags: ['payments'],
  requestBody: {
    required: true,
    description: "The event in the provider's own form",
    content: { 'application/json': { schema: { type: 'object', title: 'ProviderEvent' } } },
  },
  responses: {
    200: { description: 'Stored, or known already' },
    400: problemAnswer('The signature, its time or the form is wrong'),
    413: problemAnswer('The body is too large'),
    422: problemAnswer('No such provider is configured'),
  },
}
