import { afterAll, beforeAll, expect, test } from 'bun:test'
import { eventually } from '../../test/kafka.ts'
import { makeOrders } from '../../test/orders.ts'
import { startReceiver } from '../../test/receiver.ts'
import { createWebhookApp } from '../../test/webhooks.ts'
import { carried } from '../events/carried.ts'
import { logStart } from '../events/checkpoint.ts'
import { toCloudEvent } from '../events/cloud-event.ts'
import { readLog } from '../events/log.ts'
import type { OrderDocument } from '../orders/document.ts'

/** EVENTS_RECIPIENT: who receives an order is in what Kafka and webhooks carry, or is not. */

const reading = { omitsRecipients: true }
let t: Awaited<ReturnType<typeof createWebhookApp>>

beforeAll(async () => {
  t = await createWebhookApp(reading)
})

afterAll(() => t.close())

const [sent] = makeOrders(1, 'concealed') as [OrderDocument]
const order = { ...sent, delivery: { ...sent.delivery, country: 'GB', doorbell: 'Quux' }, weight: 7.5 }
const text = JSON.stringify(order).replace('"weight":7.5', '"weight":7.50')
const concealed = {
  name: '',
  phone: '0',
  zip: '',
  city: '',
  address: '',
  region: '',
  email: 'nobody@invalid',
  country: 'GB',
}
const texts = [...Object.values(sent.delivery), 'Quux']
const namesIn = (value: string) => texts.filter(one => value.includes(JSON.stringify(one)))

test('webhooks and messages of Kafka carry events without recipients, and nothing else is changed', async () => {
  const receiver = await startReceiver()
  await t.subscribe(receiver.url)
  const delivering = t.deliver()
  expect((await t.ask('POST', '/api/orders', text)).status).toBe(201)
  await eventually('the receiver was called', async () => receiver.received.length > 0)
  await delivering.stop()
  await receiver.close()
  const [received] = receiver.received
  const { delivery, ...rest } = order
  expect(delivery.doorbell).toBe('Quux')
  expect(received?.event.data).toMatchObject({ ...rest, delivery: concealed })
  expect(received?.body).toContain('"weight":7.50')
  expect(namesIn(received?.body ?? '')).toEqual([])

  const { events } = await readLog(t.app.eventLog, logStart, 10)
  const [placed] = events.filter(({ type }) => type === 'order.placed')
  if (placed === undefined) throw new Error('nothing was placed')
  const message = String(toCloudEvent(carried({ ...t.app.eventLog, ...reading }, placed)).value)
  expect(JSON.parse(message)).toEqual(received?.event.data ?? {})
  expect(carried(t.app.eventLog, placed)).toBe(placed)
  expect(namesIn(placed.data)).toEqual(texts)
})
