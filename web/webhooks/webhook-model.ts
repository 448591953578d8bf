import { signal } from '@preact/signals'
import { ask, request } from '../platform/api.ts'
import type { Webhook, WebhookWithSecret } from './webhook.ts'
import type { WebhookFields } from './webhook-form.tsx'

/** One webhook, and what is done to it. Each action throws a Refusal when the service declines it. */
export class WebhookModel {
  readonly webhook = signal<Webhook | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  readonly #address: string

  constructor(id: string) {
    this.#address = `/api/webhooks/${encodeURIComponent(id)}`
  }

  async load(): Promise<void> {
    try {
      this.webhook.value = await ask<Webhook>(this.#address)
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error
    }
  }

  async change(fields: WebhookFields): Promise<void> {
    this.webhook.value = await ask<Webhook>(this.#address, { method: 'PATCH', body: fields })
  }

  async enable(): Promise<void> {
    this.webhook.value = await this.#post<Webhook>('enable', {})
  }

  async disable(): Promise<void> {
    this.webhook.value = await this.#post<Webhook>('disable', {})
  }

  /** @param seconds how long the previous secret stays valid. @returns the new secret */
  async rotate(seconds: number): Promise<string> {
    const body = { previous_valid_for_seconds: seconds }
    const { secret, ...changed } = await this.#post<WebhookWithSecret>('rotate-secret', body)
    this.webhook.value = changed
    return secret
  }

  async remove(): Promise<void> {
    await request(this.#address, { method: 'DELETE' })
  }

  #post<Answer>(what: string, body: object): Promise<Answer> {
    return ask<Answer>(`${this.#address}/${what}`, { method: 'POST', body })
  }
}
