import { setTimeout as sleep } from 'node:timers/promises'
import { Notifier } from '../src/events/notifier.ts'
import type { EventLog } from '../src/events/stream-definition.ts'
import { createLogger } from '../src/platform/log.ts'
import { runDeliveries } from '../src/webhooks/deliver.ts'
import type { DeliveryView, WebhookWithSecretView } from '../src/webhooks/views.ts'
import { type DeliveryRules, deliveryRules } from '../src/webhooks/webhook.ts'
import { createTestApp, type TestApp } from './app.ts'

/** The rules with times that a test can wait for. */
export const quickRules: DeliveryRules = {
  ...deliveryRules,
  retryAfterMs: [20, 40, 80, 160, 320],
  pauseMs: 20,
  pauseMsMax: 100,
  tickMs: 10,
  drainMs: 500,
}

export type WebhookJson = WebhookWithSecretView
export type DeliveryJson = DeliveryView

/**
 * An app with its deliveries, as the service runs them; changes are told to them at once.
 *
 * @param reading how they read the log
 */
export async function createWebhookApp(reading: Pick<EventLog, 'omitsRecipients'> = {}): Promise<
  TestApp & {
    deliver(rules?: Partial<DeliveryRules>): { stop(): Promise<void> }
    ask<Json>(
      method: string,
      path: string,
      body?: unknown,
    ): Promise<{ status: number; json: Json; link: string | null }>
    subscribe(url: string, more?: object): Promise<WebhookJson>
    deliveries(id: string, query?: string): Promise<DeliveryJson[]>
  }
> {
  const logGrown = new Notifier()
  const t = await createTestApp({ logGrown })
  const changed = new Notifier()

  async function ask<Json>(method: string, path: string, body?: unknown) {
    const response = await t.call(method, path, body === undefined ? {} : { body })
    const text = await response.text()
    logGrown.notify()
    changed.notify()
    const json = (text === '' ? undefined : JSON.parse(text)) as Json
    return { status: response.status, json, link: response.headers.get('link') }
  }

  return {
    ...t,
    ask,
    deliver(rules = {}) {
      const stop = new AbortController()
      const { address, app } = t
      const log = createLogger({ level: 'silent' })
      const delivering = runDeliveries(
        {
          events: { ...app.eventLog, ...reading },
          address,
          feed: app.feed,
          ...app.webhooks,
          rules: { ...quickRules, ...rules },
          changed,
          now: Date.now,
          isClockRight: () => true,
          random: Math.random,
          log,
        },
        stop.signal,
      )
      return {
        async stop() {
          stop.abort()
          await Promise.race([
            delivering,
            sleep(15_000, undefined, { ref: false }).then(() => {
              throw new Error('deliveries did not stop')
            }),
          ])
        },
      }
    },
    async subscribe(url, more = {}) {
      const { status, json } = await ask<WebhookJson>('POST', '/api/webhooks', { url, ...more })
      if (status !== 201) throw new Error(JSON.stringify(json))
      return json
    },
    async deliveries(id, query = '') {
      return (await ask<DeliveryJson[]>('GET', `/api/webhooks/${id}/deliveries${query}`)).json
    },
  }
}
