import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Notifier } from '../../events/notifier.ts'
import type { Logger } from '../../platform/log.ts'
import { runPeriodically } from '../../platform/periodic.ts'
import type { Pool } from '../../platform/postgres.ts'
import type { WebhookHeaders, WebhookReading } from '../provider.ts'
import { claimDueEvents, type DueEvent, deleteEvents } from './queries.ts'

/** The webhooks of the sandbox: signed like those of a real provider, and sent until they are accepted. */

export const signatureHeader = 'sandbox-signature'
/** How far the time of a signature may be from ours, before and after: a webhook that was recorded is of no use later. */
const toleranceMs = 300_000

/** The header of a signed event: `t=<Unix seconds>,v1=<HMAC-SHA-256 of "t.body", hexadecimal>`. */
export function signedHeader(body: Uint8Array, secret: string, nowMs: number): string {
  const time = String(Math.floor(nowMs / 1000))
  return `t=${time},v1=${signatureOf(time, body, secret).toString('hex')}`
}

function signatureOf(time: string, body: Uint8Array, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest()
}

/**
 * Checks the signature of an event and reads it.
 *
 * @param secrets any of them may have signed it: two, while they are changed
 */
export function readSigned(
  headers: WebhookHeaders,
  body: Uint8Array,
  secrets: readonly string[],
  nowMs: number,
): WebhookReading {
  const refused = (detail: string): WebhookReading => ({ kind: 'refused', detail })
  const [, time, signature] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(headers.get(signatureHeader) ?? '') ?? []
  if (time === undefined || signature === undefined) return refused(`${signatureHeader} is missing or has another form`)
  const given = Buffer.from(signature, 'hex')
  if (!secrets.some(secret => timingSafeEqual(given, signatureOf(time, body, secret)))) {
    return refused('the signature is not that of the body')
  }
  if (Math.abs(Number(time) * 1000 - nowMs) > toleranceMs)
    return refused('the signature is too old, or from the future')
  return readEvent(body) ?? refused('the body is not an event')
}

function readEvent(body: Uint8Array): WebhookReading | undefined {
  try {
    const event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Record<string, unknown> | null
    const { id, type, payment } = event ?? {}
    if (typeof id !== 'string' || typeof type !== 'string' || typeof payment !== 'string') return undefined
    return { kind: 'event', eventId: id, type, providerRef: payment, isOurs: true }
  } catch {
    return undefined
  }
}

/** Delivers a signed event. @returns whether it was accepted */
export type DeliverEvent = (headers: WebhookHeaders, body: Uint8Array) => Promise<boolean>

/** How long a claim on events lasts, and so the time until what was not accepted is sent again. */
const claimMs = 10_000
const eventsMax = 100
/** What nobody accepts is given up: the outcome is found by looking the payment up. */
const attemptsMax = 50

export type EventSender = Readonly<{
  pool: Pool
  now: () => number
  secret: string
  deliver: DeliverEvent
  log: Logger
}>

/** Sends events when they are due, until told to stop. Several instances may do it at once. @param stored notified of new ones */
export function runSandboxEvents(sender: EventSender, stored: Notifier, stop: AbortSignal): Promise<void> {
  const run = async () => {
    const seen = stored.seen()
    if (!(await sendDueEvents(sender))) await stored.next(seen, stop)
    return 'more'
  }
  const failure = 'webhooks of the sandbox could not be sent'
  return runPeriodically({ run, pauseMs: 5_000, retryMs: 100, failure, log: sender.log }, stop)
}

/**
 * Sends the events that are due.
 *
 * @param only the reference of the payment whose events are sent; all unless given
 * @returns whether there may be more
 */
export async function sendDueEvents(options: EventSender, only?: string): Promise<boolean> {
  const { pool, now, log } = options
  const nowMs = now()
  const claim = { nowMs, untilMs: nowMs + claimMs, eventsMax }
  const due = await claimDueEvents(pool, only === undefined ? claim : { ...claim, paymentRef: only })
  const done: string[] = []
  for (const event of due) {
    const isAccepted = await sendEvent(event, options)
    if (isAccepted || event.attempts >= attemptsMax) done.push(event.id)
    if (!isAccepted)
      log.warn({ event: event.id, attempts: event.attempts }, 'a webhook of the sandbox was not accepted')
  }
  if (done.length > 0) await deleteEvents(pool, done)
  return due.length === eventsMax
}

async function sendEvent(
  { id, paymentRef, type, times }: DueEvent,
  { now, secret, deliver }: { now: () => number; secret: string; deliver: DeliverEvent },
): Promise<boolean> {
  const body = Buffer.from(JSON.stringify({ id, type, payment: paymentRef }))
  let isAccepted = true
  for (let sent = 0; sent < times; sent += 1) {
    const headers = new Headers({ [signatureHeader]: signedHeader(body, secret, now()) })
    isAccepted = (await deliver(headers, body)) && isAccepted
  }
  return isAccepted
}
