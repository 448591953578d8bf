import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'bun:test'
import { exampleOrder } from '../src/orders/example.ts'
import type { DeliveryRules } from '../src/webhooks/webhook.ts'
import { eventually } from './kafka.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { createWebhookApp, type WebhookJson } from './webhooks.ts'

type WebhookApp = Awaited<ReturnType<typeof createWebhookApp>>

/**
 * Deliveries of an app of a test file: each test begins with a receiver of its own and without a subscription. Call it at the top of
 * the file.
 */
export function stageDeliveries() {
  let app: WebhookApp
  let receiver: Receiver
  let delivering: { stop(): Promise<void> }
  beforeAll(async () => {
    app = await createWebhookApp()
  })
  beforeEach(async () => {
    receiver = await startReceiver()
    delivering = app.deliver()
  })
  afterEach(async () => {
    await delivering.stop()
    for (const { id } of (await app.ask<WebhookJson[]>('GET', '/api/webhooks')).json) {
      await app.ask('DELETE', `/api/webhooks/${id}`)
    }
    await receiver.close()
  })
  afterAll(() => app.close())

  const stage = {
    get app() {
      return app
    },
    get receiver() {
      return receiver
    },
    stop: () => delivering.stop(),
    deliver(rules: Partial<DeliveryRules> = {}) {
      delivering = app.deliver(rules)
    },
    /** Delivers by other rules from now on. */
    async deliverBy(rules: Partial<DeliveryRules>) {
      await delivering.stop()
      delivering = app.deliver(rules)
    },
  }
  return Object.assign(stage, actionsOn(stage))
}

/** What tests do with orders and subscriptions. */
function actionsOn(stage: { app: WebhookApp; receiver: Receiver }) {
  const ask: WebhookApp['ask'] = (...call) => stage.app.ask(...call)
  const read = async (id: string) => (await ask<WebhookJson>('GET', `/api/webhooks/${id}`)).json
  return {
    read,
    /** Places orders. @returns their uids */
    async place(count = 1): Promise<string[]> {
      const orders = Array.from({ length: count }, () => exampleOrder(crypto.randomUUID(), Date.now(), Math.random))
      for (const body of orders) expect((await ask('POST', '/api/orders', body)).status).toBe(201)
      return orders.map(order => order.order_uid)
    },
    /**
     * Waits until orders are behind the checkpoint at which a subscription would begin: their events are behind every transaction
     * that was open then, in whatever database. The history of an order does not wait for those, the log does.
     */
    async settle(uids: string[]) {
      await eventually('the log has come to them', async () => {
        const { json } = await ask<{ stream_id: string }[]>('GET', '/api/events?sort=newest&limit=1000')
        return uids.every(uid => json.some(event => event.stream_id === uid))
      })
    },
    /** Gives an order commands, one after another. */
    async command(uid: string, ...names: string[]) {
      for (const name of names) expect((await ask('POST', `/api/orders/${uid}/${name}`)).status).toBe(200)
    },
    /** Waits until that number of deliveries has come. */
    came: (count: number) => eventually(`${count} came`, () => stage.receiver.received.length >= count),
    /** Whether nothing waits: neither in the retry queue nor behind the checkpoint. */
    async isIdle(id: string) {
      const { parked, behind_seconds } = await read(id)
      return parked === 0 && behind_seconds === 0
    },
    /** What came of an order without what came again. */
    distinct: (uid: string) => [...new Set(stage.receiver.sequencesOf(uid))],
  }
}
