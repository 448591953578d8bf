import { type Backoff, backoffMs } from '../platform/backoff.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { reasonOf } from '../platform/reason.ts'
import type { PaymentReport, Provider, WebhookHeaders, WebhookReading } from './provider.ts'
import {
  claimDueProviderEvents,
  type ProviderEvent,
  postponeProviderEvents,
  settleProviderEvents,
  storeProviderEvent,
} from './webhook-queries.ts'

/**
 * The inbox of providers' events. An event is stored before it is answered, and applied once afterwards: it only says which payment to
 * look at, and what the payment is comes from the provider. So it does not matter in which order events come, how late, or how often.
 */

/** What became of an event: stored; known already; or refused, with the reason for the answer. */
export type Receipt = { kind: 'stored' | 'known' } | { kind: 'refused'; detail: string }

/** What happens to events, for metrics. */
export type EventOutcome = 'stored' | 'known' | 'refused' | 'applied' | 'other_shop' | 'about_no_payment' | 'unmatched'

export type Inbox = Readonly<{
  pool: Pool
  now: () => number
  count: (provider: string, outcome: EventOutcome) => void
}>

/** Checks an event and stores it. @param onStored wakes the worker that applies it */
export async function receiveProviderEvent(
  { pool, now, count }: Inbox,
  provider: Provider,
  headers: WebhookHeaders,
  body: Uint8Array,
  onStored: () => void,
): Promise<Receipt> {
  const { name } = provider
  const reading = await readEvent(provider, headers, body, now())
  if (reading.kind === 'refused') {
    count(name, 'refused')
    return reading
  }
  const { providerRef, isOurs } = reading
  const isNew = await storeProviderEvent(pool, { ...reading, provider: name }, now())
  count(name, isNew ? 'stored' : 'known')
  if (!isNew) return { kind: 'known' }
  if (!isOurs) count(name, 'other_shop')
  else if (providerRef === undefined) count(name, 'about_no_payment')
  else onStored()
  return { kind: 'stored' }
}

async function readEvent(
  provider: Provider,
  headers: WebhookHeaders,
  body: Uint8Array,
  nowMs: number,
): Promise<WebhookReading> {
  const refused = (detail: string): WebhookReading => ({ kind: 'refused', detail })
  if (provider.isRecorded || provider.readWebhook === undefined) return refused(`${provider.name} sends no events`)
  const reading = await provider.readWebhook(headers, body, nowMs)
  if (reading.kind === 'refused') return reading
  const { eventId, type, providerRef = '' } = reading
  return [eventId, type, providerRef].every(isStorable) ? reading : refused('a name in the event is none')
}

/** Names of providers are short and printable; a signed event with others is a mistake all the same. */
function isStorable(name: string): boolean {
  return name.length <= 255 && !/[\p{Cc}\p{Cs}]/u.test(name)
}

/** How long a claim lasts: longer than a provider takes to answer. */
const claimMs = 60_000
const eventsMax = 64
const backoff: Backoff = { firstMs: 1_000, maxMs: 15 * 60_000 }
/** How long a provider may take to answer. */
const fetchDeadlineMs = 15_000

export type EventApplication = Inbox &
  Readonly<{
    provider: (name: string) => Provider | undefined
    /**
     * Applies what a provider reports of a payment.
     *
     * @param askedAtMs when the provider was asked: what it was told later may be missing from the report
     * @returns false: there is no such payment here
     * @throws what keeps it from being applied now, such as the database's errors: the event is applied later
     */
    apply: (provider: string, report: PaymentReport, askedAtMs: number) => Promise<boolean>
    /** Opens an issue for money of a payment that says it is ours, and is not here. */
    noteUnmatched: (provider: string, report: PaymentReport) => Promise<void>
    log: Logger
    random: () => number
  }>

/**
 * Applies events that are due: those of one payment by one look at the provider. What cannot be applied now is put off, ever longer.
 *
 * @returns whether there may be more
 */
export async function applyDueProviderEvents(options: EventApplication): Promise<boolean> {
  const { pool, now } = options
  const nowMs = now()
  const claimed = await claimDueProviderEvents(pool, { nowMs, untilMs: nowMs + claimMs, eventsMax })
  const byPayment = Map.groupBy(claimed, ({ provider, providerRef }) => `${provider} ${providerRef}`)
  await Promise.all([...byPayment.values()].map(events => applyEvents(options, events)))
  return claimed.length === eventsMax
}

async function applyEvents(options: EventApplication, events: readonly ProviderEvent[]): Promise<void> {
  const { pool, now, log, random, count } = options
  const [first] = events
  if (first === undefined) return
  const { provider, providerRef } = first
  try {
    const outcome = await lookAndApply(options, provider, providerRef)
    await settleProviderEvents(pool, events, outcome === 'applied' ? 'applied' : 'ignored', now())
    for (const _ of events) count(provider, outcome)
  } catch (error) {
    const attempts = Math.max(...events.map(event => event.attempts))
    log.warn({ provider, providerRef, attempts, reason: reasonOf(error) }, "a provider's event could not be applied")
    await postponeProviderEvents(pool, events, now() + backoffMs(backoff, attempts, random()))
  }
}

async function lookAndApply(
  { provider, apply, noteUnmatched, now }: EventApplication,
  name: string,
  providerRef: string,
): Promise<'applied' | 'other_shop' | 'unmatched'> {
  const askedAtMs = now()
  const report = await look(provider(name), name, providerRef)
  if (report === undefined) return 'unmatched'
  if (await apply(name, report, askedAtMs)) return 'applied'
  // A payment that does not bear our ids was made by another shop on the same account.
  if (report.paymentId === undefined) return 'other_shop'
  if (report.captured > 0 || report.authorization.state === 'authorized') await noteUnmatched(name, report)
  return 'unmatched'
}

/** @returns undefined when the provider does not know it. @throws when it does not answer, or is not configured any more */
async function look(
  provider: Provider | undefined,
  name: string,
  providerRef: string,
): Promise<PaymentReport | undefined> {
  if (provider === undefined || provider.isRecorded) throw new Error(`the provider ${name} is not configured`)
  const outcome = await provider.fetch({ providerRef }, AbortSignal.timeout(fetchDeadlineMs))
  if (outcome.kind === 'unknown') throw new Error(outcome.detail)
  return outcome.kind === 'absent' ? undefined : outcome.report
}
