import type { presentDelivery, presentWebhook } from '../../src/webhooks/presentation.ts'

/** A subscription as the API gives it. */
export type Webhook = ReturnType<typeof presentWebhook>

/** The answer that has a new secret. */
export type WebhookWithSecret = Webhook & { secret: string }

/** An entry of the delivery log. */
export type Delivery = ReturnType<typeof presentDelivery>

/** The tones of how a subscription stands, and of what became of a delivery. */
export const tones: Record<Webhook['status'] | Delivery['outcome'], string> = {
  active: 'good',
  failing: 'attention',
  waiting: 'attention',
  disabled: 'plain',
  delivered: 'good',
  failed: 'attention',
  given_up: 'bad',
}

/** What can be chosen of events: all of them, a family, or one type. */
export function patternsOf(types: readonly string[]): { family: string; types: string[] }[] {
  const families = Map.groupBy(types, type => type.split('.')[0] ?? type)
  return [...families].map(([family, types]) => ({ family: `${family}.*`, types }))
}
