import type Stripe from 'stripe'
import type { WebhookHeaders, WebhookReading } from '../provider.ts'

/** How far the time of a webhook may be from ours, before and after. Stripe's library checks the past only. */
const toleranceSeconds = 300

/**
 * Reads an event of Stripe.
 *
 * @param secrets that may have signed it: two while one replaces the other
 */
export async function readStripeWebhook(
  stripe: Stripe,
  secrets: readonly string[],
  headers: WebhookHeaders,
  body: Uint8Array,
  nowMs: number,
): Promise<WebhookReading> {
  const signature = headers.get('stripe-signature')
  if (signature === null) return { kind: 'refused', detail: 'the header Stripe-Signature is missing' }
  if (secondsFromNow(signature, nowMs) > toleranceSeconds) {
    return { kind: 'refused', detail: 'the time of the signature is in the future' }
  }
  let refusal = 'no secret is set that webhooks are signed with'
  for (const secret of secrets) {
    try {
      // The form that waits: the other one throws on runtimes whose cryptography is asynchronous.
      const event = await stripe.webhooks.constructEventAsync(
        Buffer.from(body),
        signature,
        secret,
        toleranceSeconds,
        undefined,
        nowMs,
      )
      return toReading(event)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      refusal = detailOf(error)
    }
  }
  return { kind: 'refused', detail: refusal }
}

/** How far a signature's time lies ahead, in seconds; negative when it is past. */
function secondsFromNow(signature: string, nowMs: number): number {
  const time = /(?:^|,)t=(\d{1,12})(?:,|$)/.exec(signature)?.[1]
  return time === undefined ? 0 : Number(time) - Math.floor(nowMs / 1000)
}

function detailOf(error: Error): string {
  if (error instanceof SyntaxError) return 'the body is not JSON'
  return error.message.startsWith('Timestamp outside')
    ? `the signature is older than ${toleranceSeconds} seconds`
    : 'the signature is not of one of the secrets'
}

/** The objects of Stripe's events that belong to a payment. */
type PaymentObject = {
  object?: string
  id?: string
  payment_intent?: string | { id: string } | null
  metadata?: Record<string, string> | null
}

function toReading(event: Stripe.Event): WebhookReading {
  const about = event.data.object as PaymentObject
  const isIntent = about.object === 'payment_intent'
  const intent = isIntent ? about.id : about.payment_intent
  const providerRef = typeof intent === 'object' ? intent?.id : intent
  return {
    kind: 'event',
    eventId: event.id,
    type: event.type,
    providerRef,
    // Only an intent surely has what we gave it; of a refund or dispute the intent that is fetched tells.
    isOurs: providerRef !== undefined && (!isIntent || about.metadata?.payment_id !== undefined),
  }
}
