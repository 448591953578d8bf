import type { DeliveryView, WebhookView, WebhookWithSecretView } from '../../src/webhooks/views.ts'

/** A subscription, the answer that has a new secret, and an entry of the delivery log, as the API gives them. */
export type Webhook = WebhookView
export type WebhookWithSecret = WebhookWithSecretView
export type Delivery = DeliveryView

/** The tone of each status of a webhook, and of each outcome of a delivery. */
export const tones: Record<Webhook['status'] | Delivery['outcome'], string> = {
  active: 'good',
  failing: 'attention',
  waiting: 'attention',
  disabled: 'plain',
  delivered: 'good',
  failed: 'attention',
  given_up: 'bad',
}

/** Groups event types by family, such as `order.*`. */
export function patternsOf(types: readonly string[]): { family: string; types: string[] }[] {
  const families = Map.groupBy(types, type => type.split('.')[0] ?? type)
  return [...families].map(([family, types]) => ({ family: `${family}.*`, types }))
}
